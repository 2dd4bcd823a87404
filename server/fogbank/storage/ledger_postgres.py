"""The ledger in a PostgreSQL, by URL: libpq reads it, TLS (`sslmode=...`) included.

Importing this module needs psycopg, the extra `postgres`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import DictRow, dict_row

from fogbank.storage.ledger_row import LedgerRow, ledger_row
from fogbank.storage.ledger_store import (
    LedgerTotal,
    LedgerUnavailable,
    RowsRefused,
    sorted_totals,
    span,
)

TIMEOUTS = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""libpq's, in seconds, the last in milliseconds: a host that vanished is noticed, by the system's
own figures after hours. The URL may have others."""

_Connection = psycopg.Connection[DictRow]


def _m001_ledger(connection: _Connection) -> None:
    connection.execute(
        "create table fogbank_ledger ("
        " id text primary key, request_id text not null, at timestamptz not null, account text,"
        " key text, dialect text not null, kind text not null, model text not null,"
        " task text not null, engine text not null, served_by text, streamed boolean not null,"
        " outcome text not null, prompt_tokens bigint not null, cached_tokens bigint not null,"
        " completion_tokens bigint not null, audio_seconds double precision not null,"
        " images bigint not null, neurons double precision, price_date date,"
        " seconds double precision not null, first_seconds double precision,"
        " from_cache boolean not null)"
    )
    connection.execute("create index fogbank_ledger_at on fogbank_ledger (at)")


def _m002_days(connection: _Connection) -> None:
    # As in SQLite; the trigger sees the new rows of a whole statement at once.
    connection.execute(
        "create table fogbank_ledger_days ("
        " day date not null, account text not null, key text not null, model text not null,"
        " requests bigint not null, prompt_tokens bigint not null, cached_tokens bigint not null,"
        " completion_tokens bigint not null, audio_seconds double precision not null,"
        " images bigint not null, neurons double precision not null, unpriced bigint not null,"
        " primary key (day, account, key, model))"
    )
    connection.execute(
        "create function fogbank_ledger_day() returns trigger language plpgsql as $$ begin"
        " insert into fogbank_ledger_days as days"
        " select (at at time zone 'UTC')::date, coalesce(account, ''), coalesce(key, ''), model,"
        " count(*), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),"
        " sum(audio_seconds), sum(images), coalesce(sum(neurons), 0), count(*) - count(neurons)"
        " from added group by 1, 2, 3, 4 order by 1, 2, 3, 4"
        " on conflict (day, account, key, model) do update set"
        " requests = days.requests + excluded.requests,"
        " prompt_tokens = days.prompt_tokens + excluded.prompt_tokens,"
        " cached_tokens = days.cached_tokens + excluded.cached_tokens,"
        " completion_tokens = days.completion_tokens + excluded.completion_tokens,"
        " audio_seconds = days.audio_seconds + excluded.audio_seconds,"
        " images = days.images + excluded.images, neurons = days.neurons + excluded.neurons,"
        " unpriced = days.unpriced + excluded.unpriced; return null; end $$"
    )
    connection.execute("lock table fogbank_ledger in share row exclusive mode")
    connection.execute(
        "create trigger fogbank_ledger_day after insert on fogbank_ledger"
        " referencing new table as added for each statement execute function fogbank_ledger_day()"
    )
    connection.execute(
        "insert into fogbank_ledger_days"
        " select (at at time zone 'UTC')::date, coalesce(account, ''), coalesce(key, ''), model,"
        " count(*), sum(prompt_tokens), sum(cached_tokens), sum(completion_tokens),"
        " sum(audio_seconds), sum(images), coalesce(sum(neurons), 0), count(*) - count(neurons)"
        " from fogbank_ledger group by 1, 2, 3, 4"
    )


MIGRATIONS: tuple[Callable[[_Connection], None], ...] = (_m001_ledger, _m002_days)


class PostgresLedger:
    """A `LedgerStore` in the tables `fogbank_ledger` and `fogbank_ledger_version`."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        with _usable():
            self._connection = psycopg.connect(autocommit=True, row_factory=dict_row, **options)
        try:
            with _usable():
                _migrate(self._connection)
        except LedgerUnavailable:
            self._connection.close()
            raise

    def insert(self, rows: Sequence[LedgerRow]) -> None:
        with _usable():
            self._connection.execute(
                "insert into fogbank_ledger"
                " select * from json_populate_recordset(null::fogbank_ledger, %s::json)"
                " on conflict (id) do nothing",
                (orjson.dumps(rows).decode(),),
            )

    def records(self, since: datetime, until: datetime) -> Iterator[LedgerRow]:
        with _usable(), self._connection.transaction():
            with self._connection.cursor("fogbank_records") as cursor:  # not all in memory
                cursor.execute(
                    "select * from fogbank_ledger where at >= %s and at < %s order by at, id",
                    (since, until),
                )
                for row in cursor:
                    yield ledger_row({**row, "at": row["at"].astimezone(UTC)})

    def totals(self, since: datetime, until: datetime) -> list[LedgerTotal]:
        asked = span(since, until)
        with _usable(), self._connection.transaction():
            self._connection.execute("set transaction isolation level repeatable read")
            rows = self._connection.execute(
                "select day, nullif(account, '') as account, nullif(key, '') as key, model,"
                " requests, prompt_tokens, cached_tokens, completion_tokens, audio_seconds,"
                " images, neurons, unpriced from fogbank_ledger_days where day >= %s and day < %s",
                (asked.first, asked.last),
            ).fetchall()
            for edge in asked.edges:
                rows += self._connection.execute(
                    "select (at at time zone 'UTC')::date as day, account, key, model,"
                    " count(*) as requests, sum(prompt_tokens)::bigint as prompt_tokens,"
                    " sum(cached_tokens)::bigint as cached_tokens,"
                    " sum(completion_tokens)::bigint as completion_tokens,"
                    " sum(audio_seconds) as audio_seconds, sum(images)::bigint as images,"
                    " coalesce(sum(neurons), 0) as neurons, count(*) - count(neurons) as unpriced"
                    " from fogbank_ledger where at >= %s and at < %s group by 1, 2, 3, 4",
                    edge,
                ).fetchall()
        return sorted_totals(LedgerTotal(**row) for row in rows)

    def close(self) -> None:
        self._connection.close()


def connection_options(url: str) -> dict[str, Any]:
    """What libpq reads in the URL. Raises LedgerUnavailable, without the URL's password."""
    try:
        return {**TIMEOUTS, **conninfo_to_dict(url)}
    except psycopg.ProgrammingError:
        raise LedgerUnavailable(
            "the ledger's URL cannot be read; expected postgresql://USER:PASSWORD@HOST/DATABASE"
        ) from None


def _migrate(connection: _Connection) -> None:
    """Applies what this database has not seen, all or none; servers that start together queue."""
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('fogbank_ledger'))")
        connection.execute(
            "create table if not exists fogbank_ledger_version (version integer not null)"
        )
        row = connection.execute(
            "select coalesce(max(version), 0) as version from fogbank_ledger_version"
        ).fetchone()
        assert row is not None
        for number, migration in enumerate(MIGRATIONS, start=1):
            if number > row["version"]:
                migration(connection)
                connection.execute("insert into fogbank_ledger_version values (%s)", (number,))


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        text = " ".join(str(error).split()) or type(error).__name__
        refused = isinstance(error, (psycopg.IntegrityError, psycopg.DataError))
        raise (RowsRefused if refused else LedgerUnavailable)(f"PostgreSQL: {text}") from error
