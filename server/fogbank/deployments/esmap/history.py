"""The inference history as SQL: rows in, and what a span of time says out.

An inference is a single one, an item of a batch, or a cached answer. Its input is kept as a
SHA-256 only. What a client did wrong, and what it gave up, is no inference.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from fogbank.storage.sql import Sql

LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One inference. `milliseconds` is the model's own time, or a cached answer's whole time.

    `error` is the true reason of a failure, None for a success.
    """

    id: str
    model_id: str
    version: str
    request_id: str
    input_hash: str
    milliseconds: float
    tokens: int
    cached: bool
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Window:
    """What a span of time held. Latencies in milliseconds, of computed successes; 0 for none."""

    total: int
    cached: int
    failed: int
    average: float
    p95: float
    p99: float
    ever: int


def stored(at: datetime) -> str:
    """A time as the tables have it: in UTC, so that it sorts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def insert(sql: Sql, entries: Sequence[Entry]) -> None:
    """Writes all of them, or none; those that are there already stay as they are."""
    rows = [
        (
            entry.id,
            entry.model_id,
            entry.version,
            entry.request_id,
            entry.input_hash,
            entry.milliseconds,
            entry.tokens,
            int(entry.error is None),
            int(entry.cached),
            None if entry.error is None else _told(entry.error),
            stored(entry.at),
        )
        for entry in entries
    ]
    with sql.transaction():
        sql.many(
            "insert into esmap_inference_history (id, model_id, version, request_id, input_hash,"
            " inference_time_ms, tokens_used, success, cached, error_message, created_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (id) do nothing",
            rows,
        )


def latency(sql: Sql, model_id: str, since: datetime, version: str | None = None) -> float | None:
    """Average milliseconds of computed successes, of all versions or one; None without any."""
    rows = sql.execute(
        "select avg(inference_time_ms) as average from esmap_inference_history"
        " where model_id = ? and created_at >= ? and version = coalesce(?, version)"
        " and success = 1 and cached = 0",
        model_id,
        stored(since),
        version,
    )
    average = rows[0]["average"]
    return None if average is None else float(average)


def error_rate(
    sql: Sql, model_id: str, since: datetime, version: str | None = None
) -> float | None:
    """Failures among computed inferences, 0 to 1; None without any."""
    rows = sql.execute(
        "select count(*) as total, sum(1 - success) as failed from esmap_inference_history"
        " where model_id = ? and created_at >= ? and version = coalesce(?, version)"
        " and cached = 0",
        model_id,
        stored(since),
        version,
    )
    total = int(rows[0]["total"])
    return int(rows[0]["failed"]) / total if total else None


def window(sql: Sql, since: datetime) -> Window:
    """What all models did since then; `ever` counts every row there is."""
    at = stored(since)
    found = sql.execute(
        "select count(*) as total, coalesce(sum(cached), 0) as cached,"
        " coalesce(sum(1 - success), 0) as failed,"
        " coalesce(avg(case when success = 1 and cached = 0 then inference_time_ms end), 0)"
        " as average,"
        " coalesce(sum(case when success = 1 and cached = 0 then 1 else 0 end), 0) as computed"
        " from esmap_inference_history where created_at >= ?",
        at,
    )[0]
    computed = int(found["computed"])
    ever = sql.execute("select count(*) as total from esmap_inference_history")
    return Window(
        total=int(found["total"]),
        cached=int(found["cached"]),
        failed=int(found["failed"]),
        average=float(found["average"]),
        p95=_percentile(sql, at, computed, 0.95),
        p99=_percentile(sql, at, computed, 0.99),
        ever=int(ever[0]["total"]),
    )


def forget(sql: Sql, before: datetime) -> None:
    """Deletes the history and the metrics that are older."""
    at = stored(before)
    with sql.transaction():
        sql.execute("delete from esmap_inference_history where created_at < ?", at)
        sql.execute("delete from esmap_model_metrics where recorded_at < ?", at)


def _percentile(sql: Sql, since: str, count: int, share: float) -> float:
    """The nearest rank: the smallest value that so many are not above."""
    if not count:
        return 0.0
    rank = max(-int(-count * share // 1), 1)
    rows = sql.execute(
        "select inference_time_ms as value from esmap_inference_history"
        " where created_at >= ? and success = 1 and cached = 0"
        " order by inference_time_ms limit 1 offset ?",
        since,
        rank - 1,
    )
    return float(rows[0]["value"]) if rows else 0.0


def _told(error: str) -> str:
    """As both databases take a text."""
    return error.encode("utf-8", "replace").decode().replace("\0", "")[:LONGEST_MESSAGE]
