from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.weights import hub_client
from fogbank.weights.store import WeightsStore
from tests.hub.standin import HubStandIn, serve_hub


@pytest.fixture
def store(tmp_path: Path) -> WeightsStore:
    return WeightsStore(tmp_path / "data")


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubStandIn]:
    """A stand-in that pulls go to, without a token and without pauses between tries."""
    for name in ("HF_TOKEN", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "no-token-here"))
    monkeypatch.setattr(hub_client, "PAUSES", (0.0, 0.0, 0.0))
    with serve_hub() as standin:
        monkeypatch.setenv("HF_ENDPOINT", standin.url)
        yield standin
