import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.weights import hub_client
from tests.cli.console import write_catalog
from tests.hub.standin import HubStandIn, serve_hub


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test, and a wide terminal."""
    for name in [name for name in os.environ if name.startswith("FOGBANK_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with the cards and the fake profile of `tests.server`."""
    folder = write_catalog(tmp_path / "data")
    monkeypatch.setenv("FOGBANK_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubStandIn]:
    """A hub on loopback that pulls go to, without pauses between tries."""
    for name in ("HF_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-token-here"))
    monkeypatch.setattr(hub_client, "PAUSES", (0.0,))
    with serve_hub() as standin:
        monkeypatch.setenv("HF_ENDPOINT", standin.url)
        yield standin
