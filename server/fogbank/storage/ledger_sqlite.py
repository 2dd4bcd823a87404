"""The ledger in an SQLite file of its own: it grows, and its writer must not hold up the keys'."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

from fogbank.storage.database import Migration, connect
from fogbank.storage.ledger_row import LedgerRow, ledger_row
from fogbank.storage.ledger_store import (
    LedgerTotal,
    LedgerUnavailable,
    RowsRefused,
    sorted_totals,
)


def _m001_ledger(connection: sqlite3.Connection) -> None:
    # Times as text in one form, which sorts: 2026-11-22T08:15:30.123456+00:00
    connection.execute(
        "create table ledger ("
        " id text primary key, request_id text not null, at text not null, account text, key text,"
        " dialect text not null, kind text not null, model text not null, task text not null,"
        " engine text not null, served_by text, streamed integer not null, outcome text not null,"
        " prompt_tokens integer not null, cached_tokens integer not null,"
        " completion_tokens integer not null, audio_seconds real not null,"
        " images integer not null, neurons real, price_date text, seconds real not null,"
        " first_seconds real, from_cache integer not null) without rowid"
    )
    connection.execute("create index ledger_at on ledger (at)")
    connection.execute("pragma user_version = 1")


MIGRATIONS: tuple[Migration, ...] = (_m001_ledger,)


class SqliteLedger:
    """A `LedgerStore` in one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._usable():
            self._connection = connect(path, MIGRATIONS)
        self._connection.row_factory = sqlite3.Row

    def insert(self, rows: Sequence[LedgerRow]) -> None:
        with self._usable():
            self._connection.execute("begin immediate")
            try:
                self._connection.executemany(
                    "insert into ledger values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
                    " ?, ?, ?, ?, ?, ?) on conflict (id) do nothing",
                    map(_columns, rows),
                )
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def records(self, since: datetime, until: datetime) -> Iterator[LedgerRow]:
        with self._usable():
            for row in self._connection.execute(
                "select * from ledger where at >= ? and at < ? order by at, id",
                (_text(since), _text(until)),
            ):
                yield ledger_row(dict(row))

    def totals(self, since: datetime, until: datetime) -> list[LedgerTotal]:
        with self._usable():
            rows = self._connection.execute(
                "select substr(at, 1, 10) as day, account, key, model, count(*) as requests,"
                " sum(prompt_tokens) as prompt_tokens, sum(cached_tokens) as cached_tokens,"
                " sum(completion_tokens) as completion_tokens,"
                " sum(audio_seconds) as audio_seconds, sum(images) as images,"
                " total(neurons) as neurons, count(*) - count(neurons) as unpriced"
                " from ledger where at >= ? and at < ?"
                " group by 1, 2, 3, 4",
                (_text(since), _text(until)),
            ).fetchall()
        return sorted_totals(
            LedgerTotal(**{**dict(row), "day": date.fromisoformat(row["day"])}) for row in rows
        )

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
            raise RowsRefused(f"{self._path}: {error}") from error
        except sqlite3.Error as error:
            raise LedgerUnavailable(f"{self._path}: {error}") from error


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _columns(row: LedgerRow) -> tuple[object, ...]:
    return (
        row.id,
        row.request_id,
        _text(row.at),
        row.account,
        row.key,
        row.dialect,
        row.kind,
        row.model,
        row.task,
        row.engine,
        row.served_by,
        row.streamed,
        row.outcome,
        row.prompt_tokens,
        row.cached_tokens,
        row.completion_tokens,
        row.audio_seconds,
        row.images,
        row.neurons,
        row.price_date and row.price_date.isoformat(),
        row.seconds,
        row.first_seconds,
        row.from_cache,
    )
