"""Scheduled promotions: plain functions over an open database.

pending -> running -> done or failed; pending -> cancelled. One that a dying server left running is
pending again at the next start: it is promoted once more, which changes nothing if it was done.
"""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Self

from fogbank.deployments.esmap.history import stored
from fogbank.storage.sql import Row, Sql


@dataclass(frozen=True, slots=True)
class Schedule:
    """A row of esmap_schedules; times are ISO 8601 in UTC. `detail` tells how it ended."""

    id: str
    model_id: str
    version: str
    due: str
    state: str
    detail: str | None
    created_at: str
    created_by: str

    @classmethod
    def of(cls, row: Row) -> Self:
        """From the table."""
        return cls(**row)

    def shown(self) -> dict[str, Any]:
        """As the API shows it."""
        return asdict(self)


def insert(
    sql: Sql, model_id: str, version: str, due: datetime, actor: str, now: datetime
) -> Schedule:
    """A new one, pending."""
    made = Schedule(
        str(uuid.uuid4()), model_id, version, stored(due), "pending", None, stored(now), actor
    )
    sql.execute(
        "insert into esmap_schedules (id, model_id, version, due, state, created_at, created_by)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        made.id,
        made.model_id,
        made.version,
        made.due,
        made.state,
        made.created_at,
        made.created_by,
    )
    return made


def find(sql: Sql, id: str) -> Schedule | None:
    """One of them."""
    rows = sql.execute("select * from esmap_schedules where id = ?", id)
    return Schedule.of(rows[0]) if rows else None


def newest(sql: Sql, limit: int) -> list[Schedule]:
    """Those with the latest due times, latest first."""
    rows = sql.execute("select * from esmap_schedules order by due desc, id limit ?", limit)
    return [Schedule.of(row) for row in rows]


def due(sql: Sql, now: datetime) -> list[Schedule]:
    """The pending ones whose time has come, in order."""
    rows = sql.execute(
        "select * from esmap_schedules where state = 'pending' and due <= ? order by due, id",
        stored(now),
    )
    return [Schedule.of(row) for row in rows]


def move(sql: Sql, id: str, before: str, after: str, detail: str | None = None) -> bool:
    """From one state to another; False where it was not in that state."""
    return bool(
        sql.execute(
            "update esmap_schedules set state = ?, detail = ? where id = ? and state = ?"
            " returning id",
            after,
            detail,
            id,
            before,
        )
    )


def recover(sql: Sql) -> None:
    """Makes those pending again that a dead server left running."""
    sql.execute("update esmap_schedules set state = 'pending' where state = 'running'")
