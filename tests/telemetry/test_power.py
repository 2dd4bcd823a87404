"""Watts, from a recorded sysfs and a pretended NVML."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fogbank.telemetry.power import Watts, gpu_watts, measure, zones

RECORDED = {
    "intel-rapl:0": ("package-0", 262143328850, 100_000_000),
    "intel-rapl:0:0": ("core", 262143328850, 5),
    "intel-rapl:0:1": ("dram", 65712999613, 7_000_000),
    "intel-rapl:1": ("package-1", 262143328850, 262143328000),
    "intel-rapl:2": ("psys", 262143328850, 9),
}
"""As a server with two packages shows it: name, maximum, counter."""


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    (tmp_path / "intel-rapl").mkdir()
    for folder, (name, maximum, energy) in RECORDED.items():
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "name").write_text(f"{name}\n")
        (tmp_path / folder / "max_energy_range_uj").write_text(f"{maximum}\n")
        (tmp_path / folder / "energy_uj").write_text(f"{energy}\n")
    return tmp_path


def test_packages_and_memory_are_counted_once(sysfs: Path) -> None:
    assert [zone.name for zone in zones(sysfs)] == ["package-0", "dram of 0", "package-1"]


def test_energy_over_time_and_round_the_maximum(sysfs: Path) -> None:
    seconds = iter([0.0, 0.0, 2.0, 2.0])

    def sleep(_: float) -> None:
        (sysfs / "intel-rapl:0" / "energy_uj").write_text(f"{100_000_000 + 90_000_000}")
        (sysfs / "intel-rapl:0:1" / "energy_uj").write_text(f"{7_000_000 + 4_000_000}")
        (sysfs / "intel-rapl:1" / "energy_uj").write_text(f"{60_000_000 - 851}")  # it went round

    drawn = iter([{"GPU 0": 100.0}, {"GPU 0": 300.0}])
    told = measure(2, sysfs, gpus=lambda: next(drawn), sleep=sleep, now=lambda: next(seconds))
    assert told.processors == pytest.approx(
        {"package-0": 45.0, "dram of 0": 2.0, "package-1": 30.0}
    )
    assert told.gpus == {"GPU 0": 200.0}
    assert told.total == pytest.approx(277)


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    assert measure(0, tmp_path, gpus=dict) == Watts({}, {})


class Pretended(SimpleNamespace):
    """As much of NVML as is asked for."""

    class NVMLError(Exception):
        pass

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, at: int) -> int:
        return at

    def nvmlDeviceGetName(self, handle: int) -> str:
        return "NVIDIA H100"

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        return 70_000 * (handle + 1)

    def nvmlInit(self) -> None:
        return

    def nvmlShutdown(self) -> None:
        return


def test_gpus_by_nvml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Pretended())
    assert gpu_watts() == {"GPU 0, NVIDIA H100": 70.0, "GPU 1, NVIDIA H100": 140.0}

    class NoDriver(Pretended):
        def nvmlInit(self) -> None:
            raise self.NVMLError("driver not loaded")

    monkeypatch.setitem(sys.modules, "pynvml", NoDriver())
    assert gpu_watts() == {}
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpu_watts() == {}
