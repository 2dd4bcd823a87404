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
    span,
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


def _m002_days(connection: sqlite3.Connection) -> None:
    # Sums of each day, so that a year of a hundred million rows is read in no time. The trigger
    # fires for rows that are new, not for those that `on conflict do nothing` leaves out.
    connection.execute(
        "create table ledger_days ("
        " day text not null, account text not null, key text not null, model text not null,"
        " requests integer not null, prompt_tokens integer not null,"
        " cached_tokens integer not null, completion_tokens integer not null,"
        " audio_seconds real not null, images integer not null, neurons real not null,"
        " unpriced integer not null, primary key (day, account, key, model)) without rowid"
    )
    connection.execute(
        "insert into ledger_days"
        " select substr(at, 1, 10), coalesce(account, ''), coalesce(key, ''), model, count(*),"
        " sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens), sum(audio_seconds),"
        " sum(images), total(neurons), count(*) - count(neurons) from ledger group by 1, 2, 3, 4"
    )
    connection.execute(
        "create trigger ledger_day after insert on ledger begin"
        " insert into ledger_days values (substr(new.at, 1, 10), coalesce(new.account, ''),"
        " coalesce(new.key, ''), new.model, 1, new.prompt_tokens, new.cached_tokens,"
        " new.completion_tokens, new.audio_seconds, new.images, coalesce(new.neurons, 0),"
        " new.neurons is null)"
        " on conflict (day, account, key, model) do update set requests = requests + 1,"
        " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
        " cached_tokens = cached_tokens + excluded.cached_tokens,"
        " completion_tokens = completion_tokens + excluded.completion_tokens,"
        " audio_seconds = audio_seconds + excluded.audio_seconds,"
        " images = images + excluded.images, neurons = neurons + excluded.neurons,"
        " unpriced = unpriced + excluded.unpriced; end"
    )
    connection.execute("pragma user_version = 2")


MIGRATIONS: tuple[Migration, ...] = (_m001_ledger, _m002_days)


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
        asked = span(since, until)
        with self._usable():
            self._connection.execute("begin")  # days and rows as of one moment
            try:
                rows = self._connection.execute(
                    "select day, nullif(account, '') as account, nullif(key, '') as key, model,"
                    " requests, prompt_tokens, cached_tokens, completion_tokens, audio_seconds,"
                    " images, neurons, unpriced from ledger_days where day >= ? and day < ?",
                    (asked.first.isoformat(), asked.last.isoformat()),
                ).fetchall()
                for edge in asked.edges:
                    rows += self._connection.execute(
                        "select substr(at, 1, 10) as day, account, key, model,"
                        " count(*) as requests, sum(prompt_tokens) as prompt_tokens,"
                        " sum(cached_tokens) as cached_tokens,"
                        " sum(completion_tokens) as completion_tokens,"
                        " sum(audio_seconds) as audio_seconds, sum(images) as images,"
                        " total(neurons) as neurons, count(*) - count(neurons) as unpriced"
                        " from ledger where at >= ? and at < ? group by 1, 2, 3, 4",
                        tuple(map(_text, edge)),
                    ).fetchall()
            finally:
                self._connection.execute("rollback")
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
