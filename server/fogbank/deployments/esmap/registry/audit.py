"""The audit trail: who did what to which version, and when. Rows are added, never changed."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from fogbank.deployments.esmap.history import stored
from fogbank.storage.sql import Sql

FOGBANK = "fogbank"
"""The actor of what the server does by itself."""

DIGITS = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """What is written down. `from_version` is the one that was active before.

    `action`: register, upload, validate, promote, rollback, schedule, cancel, compare.
    """

    actor: str
    action: str
    model_id: str
    version: str | None = None
    from_version: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


def write(sql: Sql, entry: Entry, now: datetime) -> str:
    """Its id, which is greater than any before. Called inside the transaction of what was done."""
    newest = sql.execute("select max(id) as id from esmap_audit")[0]["id"]
    number = max(int(now.timestamp() * 1_000_000), int(newest or 0) + 1)
    written = str(number).zfill(DIGITS)
    sql.execute(
        "insert into esmap_audit (id, at, actor, action, model_id, version, from_version, details)"
        " values (?, ?, ?, ?, ?, ?, ?, ?)",
        written,
        stored(now),
        entry.actor,
        entry.action,
        entry.model_id,
        entry.version,
        entry.from_version,
        orjson.dumps(entry.details).decode(),
    )
    return written


def read(sql: Sql, model_id: str | None, before: str | None, limit: int) -> list[dict[str, Any]]:
    """At most `limit` entries, newest first: of one model or all, older than the id `before`."""
    rows = sql.execute(
        "select * from esmap_audit where model_id = coalesce(?, model_id)"
        " and id < coalesce(?, '99999999999999999999') order by id desc limit ?",
        model_id,
        before,
        limit,
    )
    return [{**row, "details": orjson.loads(row["details"])} for row in rows]
