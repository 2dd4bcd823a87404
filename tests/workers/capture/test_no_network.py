"""The recorded calls once more where there is no network: server, tools and test within."""

import re
import sys
from pathlib import Path

import pytest

from tests.workers.capture.recording import SHARED, needs_recording
from tests.workers.namespace import skip_without_namespaces, within
from tests.workers.tools import environment, needs_workers

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers, needs_recording]
CAPTURES = "tests/workers/capture/test_captures.py"
SUMMARY = re.compile(r"=+ ((\d+) passed.*) in .*=+\s*$")
LEAVE = "import socket; socket.create_connection(('192.0.2.1', 80), 5)"


@pytest.fixture(autouse=True)
def namespaces() -> None:
    skip_without_namespaces()


@pytest.mark.parametrize(
    ("selection", "count"),
    [
        pytest.param("workerd-4.86 or preload-4.86", 2, id="two"),
        pytest.param("recorded", 13, id="all", marks=pytest.mark.verify),
    ],
)
async def test_it_passes_with_only_loopback(tmp_path: Path, selection: str, count: int) -> None:
    env = environment(tmp_path, FOGBANK_SHARED=str(SHARED))
    pytest_there = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", CAPTURES)
    chosen = ("-k", selection, "-m", "", "--basetemp", str(tmp_path / "inside"))
    status, said = await within(*pytest_there, *chosen, env=env)
    assert status == 0, said
    summary = SUMMARY.search(said)
    assert summary, said
    assert int(summary[2]) == count
    assert "skipped" not in summary[1], said


async def test_there_is_no_way_out(tmp_path: Path) -> None:
    status, said = await within(sys.executable, "-c", LEAVE, env=environment(tmp_path))
    assert status == 1
    assert "Network is unreachable" in said
