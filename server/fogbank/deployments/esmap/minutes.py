"""Once a minute: latency and usage of each model into the metrics' table, and old rows out.

A row's id is made of what it tells, so that servers that share a database, and one that starts
again, write each minute once.
"""

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.history import forget, stored
from fogbank.storage.sql import Database, Sql, SqlUnavailable

SECONDS = 60.0
GRACE = timedelta(seconds=10)
"""After the end of a minute, for rows that are being written."""
FARTHEST_BACK = timedelta(days=1)

log = structlog.get_logger("fogbank.esmap")


def aggregate(sql: Sql, now: datetime) -> None:
    """Writes the whole minutes that are not there yet, of the last day at most.

    `usage`: inferences, with cached and failed ones and tokens in the metadata. `latency`: mean
    milliseconds of computed successes. `recorded_at` is the beginning of the minute.
    """
    until = (now - GRACE).replace(second=0, microsecond=0)
    rows = sql.execute(
        "select max(recorded_at) as at from esmap_model_metrics where metric_type = 'usage'"
    )
    since = max(str(rows[0]["at"] or ""), stored(until - FARTHEST_BACK))
    found = sql.execute(
        "select model_id, version, substr(created_at, 1, 16) as minute, count(*) as total,"
        " sum(cached) as cached, sum(1 - success) as failed, sum(tokens_used) as tokens,"
        " sum(case when success = 1 and cached = 0 then 1 else 0 end) as computed,"
        " avg(case when success = 1 and cached = 0 then inference_time_ms end) as latency"
        " from esmap_inference_history where created_at >= ? and created_at < ?"
        " group by model_id, version, substr(created_at, 1, 16)",
        since,
        stored(until),
    )
    values = [value for row in found for value in _values(row)]
    with sql.transaction():
        sql.many(
            "insert into esmap_model_metrics (id, model_id, version, metric_type, metric_value,"
            " metadata, recorded_at) values (?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing",
            values,
        )


def _values(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    model, version, minute = row["model_id"], row["version"], row["minute"]
    at = f"{minute}:00.000000+00:00"
    usage = {name: int(row[name]) for name in ("cached", "failed", "tokens")}
    values = [("usage", float(row["total"]), usage)]
    if row["latency"] is not None:
        values.append(("latency", float(row["latency"]), {"count": int(row["computed"])}))
    return [
        (f"{kind}:{model}:{version}:{minute}", model, version, kind, value, _json(metadata), at)
        for kind, value, metadata in values
    ]


def _json(value: dict[str, int]) -> str:
    return orjson.dumps({**value, "seconds": int(SECONDS)}).decode()


class Minutes:
    """Does it, by a connection of its own."""

    def __init__(self, database: Database, retention_days: float | None, clock: Clock) -> None:
        self._database = database
        self._retention = None if retention_days is None else timedelta(days=retention_days)
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def tick(self) -> None:
        """One round. Raises SqlUnavailable."""
        now = self._clock.now()
        await self._database.run(aggregate, now)
        if self._retention is not None:
            await self._database.run(forget, now - self._retention)

    async def start(self) -> None:
        """Begins; the first round is at once, for what an earlier server left."""
        self._task = asyncio.create_task(self._run(), name="esmap minutes")

    async def stop(self) -> None:
        """Ends the rounds and the connection."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._database.close()

    async def _run(self) -> None:
        while True:
            try:
                await self.tick()
            except SqlUnavailable as error:
                log.error("metrics cannot be written", error=str(error))
            await asyncio.sleep(SECONDS)
