"""Writing the history: together, before the answer, and never in an inference's way."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from fogbank.clock import TurnedClock
from fogbank.deployments.esmap.metrics import EsmapMetrics
from fogbank.deployments.esmap.recorder import Recorder
from fogbank.deployments.esmap.tables import FILE, esmap_opener
from fogbank.storage.sql import Database, Sql
from tests.deployments.esmap.esmap_server import entry, esmap
from tests.postgres import Postgres

pytestmark = pytest.mark.anyio


class Watched:
    """An opener whose transactions can be counted."""

    def __init__(self, folder: Path) -> None:
        self.commits = 0
        self.opened = 0
        self._open = esmap_opener(folder, None)

    def __call__(self) -> Sql:
        self.opened += 1
        sql = self._open()
        begin = sql.transaction

        @contextmanager
        def counted() -> Iterator[None]:
            with begin():
                yield
            self.commits += 1

        sql.transaction = counted  # type: ignore[method-assign]
        return sql


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def opener(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
async def recorder(
    opener: Watched, clock: TurnedClock, registry: CollectorRegistry
) -> AsyncIterator[Recorder]:
    made = Recorder(Database(opener, "test"), EsmapMetrics(registry), clock)
    yield made
    await made.stop()


def count(folder: Path) -> int:
    with sqlite3.connect(folder / FILE) as other:
        found: int = other.execute("select count(*) from esmap_inference_history").fetchone()[0]
    other.close()
    return found


async def test_a_row_is_committed_when_add_returns(recorder: Recorder, tmp_path: Path) -> None:
    for number in range(3):
        await recorder.add(entry(number))
        assert count(tmp_path) == number + 1


async def test_a_thousand_at_once_are_a_few_commits(
    recorder: Recorder, opener: Watched, tmp_path: Path
) -> None:
    await asyncio.gather(*(recorder.add(entry(number)) for number in range(1000)))
    assert count(tmp_path) == 1000
    assert opener.commits <= 3


async def test_a_database_that_is_down(
    recorder: Recorder, clock: TurnedClock, tmp_path: Path
) -> None:
    (tmp_path / FILE).mkdir()
    with capture_logs() as logs:
        for number in range(3):
            await recorder.add(entry(number))
        clock.turn(61)
        await recorder.add(entry(3))
    assert recorder.lost == 4
    assert recorder.failing is not None
    told = [line for line in logs if line["event"] == "history cannot be written"]
    assert [line["lost"] for line in told] == [1, 4]  # once a minute
    (tmp_path / FILE).rmdir()
    await recorder.add(entry(4))
    assert not recorder.failing
    assert count(tmp_path) == 1


async def test_a_connection_that_broke_is_made_anew(
    recorder: Recorder, opener: Watched, tmp_path: Path
) -> None:
    await recorder.add(entry(1))
    sql = recorder._database._sql
    assert sql is not None
    sql.close()
    await recorder.add(entry(2))
    assert (count(tmp_path), recorder.lost, opener.opened) == (2, 0, 2)


async def test_a_slow_database_holds_nobody_up_for_ever(
    recorder: Recorder,
    registry: CollectorRegistry,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    await recorder.add(entry(0))
    monkeypatch.setattr("fogbank.deployments.esmap.recorder.LONGEST_WAIT", 0.01)
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("begin immediate")
        with capture_logs() as logs:
            await recorder.add(entry(1))
        other.execute("rollback")
    other.close()
    assert [line["event"] for line in logs] == ["history is slow: answers go out before their rows"]
    assert b"fogbank_esmap_history_late_total 1.0" in generate_latest(registry)
    await recorder.stop()
    assert count(tmp_path) == 2  # late, but there


async def test_who_leaves_leaves_the_row(recorder: Recorder, tmp_path: Path) -> None:
    adding = asyncio.create_task(recorder.add(entry(1)))
    await asyncio.sleep(0)  # one turn of the loop: the row waits, and the writer has begun
    assert recorder._writer is not None
    adding.cancel()
    await asyncio.wait([adding])
    await recorder.add(entry(2))
    assert count(tmp_path) == 2


async def test_an_inference_answers_without_a_database(tmp_path: Path, postgres: Postgres) -> None:
    async with esmap(tmp_path, database_url=postgres.database()) as it:
        await it.infer("Before.")
        postgres.stop()
        try:
            answer = await it.infer("Meanwhile.")
            metrics = (await it.get("/metrics")).json()
            health: dict[str, Any] = (await it.get("/health")).json()
        finally:
            postgres.start()
        again = await it.infer("After.")
        healthy = (await it.get("/health")).json()
        assert it.metric("fogbank_esmap_history_lost_total") == 1
        assert [row["success"] for row in it.rows()] == [1, 1]
    for each in (answer, again):
        assert each.status_code == 200
        assert "fallback" not in each.json()["result"]
    assert metrics["window"]["source"] == "process"
    assert metrics["inference"]["total_requests"] == 2
    assert health["status"] == "degraded"
    assert health["checks"]["database"]["status"] == "unhealthy"
    assert (healthy["status"], healthy["checks"]["database"]["status"]) == ("healthy", "healthy")
