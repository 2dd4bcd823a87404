"""`fogbank cost watts`."""

from pathlib import Path

import pytest

from fogbank.cli import cost_watts
from fogbank.telemetry.power import Watts
from tests.cli.console import fogbank, refused


def test_what_it_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    watts = Watts({"package-0": 45.25}, {"GPU 0, NVIDIA H100": 300.0})
    monkeypatch.setattr(cost_watts, "measure", lambda seconds: watts)
    lines = fogbank("cost", "watts", "--seconds", "1").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["45.2", "300.0", "345.2"]


def test_nothing_to_measure_and_only_for_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cost_watts, "measure", lambda seconds: Watts({}, {}))
    refused(fogbank("cost", "watts"), "neither RAPL", "nor NVML", status=1)

    def forbidden(seconds: float) -> Watts:
        raise PermissionError(13, "Permission denied", str(Path("/sys/x/energy_uj")))

    monkeypatch.setattr(cost_watts, "measure", forbidden)
    refused(fogbank("cost", "watts"), "only root may read /sys/x/energy_uj", status=1)
