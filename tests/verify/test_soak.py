"""Minutes of mixed load: the front end's memory and files stay flat, and nothing is left running.

FOGBANK_SOAK_SECONDS makes it shorter or longer.
"""

import asyncio
import os
import statistics
import time
from collections import Counter

import httpx2
import pytest

from fogbank.engines.child_processes import PROC
from tests.real_server import RealServer, running, until_running
from tests.verify.conftest import Record
from tests.verify.load import until_told

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.engine,
    pytest.mark.verify,
    pytest.mark.skipif(not PROC.is_dir(), reason="memory and files are read from /proc"),
]
SECONDS = float(os.environ.get("FOGBANK_SOAK_SECONDS", "240"))
CLIENTS = 6
WARM_UP = 0.4
GROWTH_MIB = 24.0
FILES = 8


def rss_mib(pid: int) -> float:
    """Resident memory of a process."""
    status = (PROC / str(pid) / "status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def files(pid: int) -> int:
    """Open file descriptors of a process."""
    return len(os.listdir(PROC / str(pid) / "fd"))


@pytest.mark.timeout(SECONDS + 600)
async def test_a_soak_leaves_no_trace(embedded: RealServer, record: Record) -> None:
    pid = embedded.process.pid
    seen: Counter[str] = Counter()
    await _load(embedded, 5, seen, [])  # what is made once is made
    files_before, samples = files(pid), list[tuple[float, float]]()
    async with embedded.web() as web:
        failed_before = await _failures(web)
        await _load(embedded, SECONDS, seen, samples)
        assert await until_running(web, 0) < 5
        assert [await running(web, name) for name in ("minilm", "smollm2")] == [0, 0]
        assert await _failures(web) == failed_before
    warm = [sample for sample in samples if sample[0] > WARM_UP * SECONDS]
    slope = statistics.linear_regression(*zip(*warm, strict=True)).slope
    growth = slope * (warm[-1][0] - warm[0][0])
    record(
        seconds=SECONDS,
        clients=CLIENTS,
        requests=seen.total(),
        seen=dict(sorted(seen.items())),
        rss_mib=[round(warm[0][1], 1), round(warm[-1][1], 1)],
        rss_growth_mib_after_warm_up=round(growth, 2),
        files=[files_before, files(pid)],
    )
    assert growth < GROWTH_MIB, samples
    assert abs(files(pid) - files_before) <= FILES
    assert "request failed" not in embedded.log.read_text(errors="replace")


async def _failures(web: httpx2.AsyncClient) -> list[str]:
    """The counters of requests that failed by no fault of the client."""
    lines = (await web.get("/metrics")).text.splitlines()
    own = ('outcome="7009"', 'outcome="error"', 'outcome="3007"', 'outcome="3040"')
    return [line for line in lines if any(outcome in line for outcome in own)]


async def _load(
    embedded: RealServer, seconds: float, seen: Counter[str], samples: list[tuple[float, float]]
) -> None:
    """CLIENTS at once for so long; memory is noted every two seconds. Every surprise is raised."""
    stop = asyncio.Event()
    async with embedded.web() as web:
        clients = [
            asyncio.create_task(until_told(web, seed, stop, seen)) for seed in range(CLIENTS)
        ]
        began = time.monotonic()
        while (now := time.monotonic() - began) < seconds:
            samples.append((now, rss_mib(embedded.process.pid)))
            done, _ = await asyncio.wait(clients, timeout=2, return_when=asyncio.FIRST_COMPLETED)
            if done:
                break
        stop.set()
        await asyncio.gather(*clients)
