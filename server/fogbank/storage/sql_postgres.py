"""`Sql` in a PostgreSQL. Importing this module needs psycopg, the extra `postgres`."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

from fogbank.storage.ledger_postgres import TIMEOUTS
from fogbank.storage.sql import (
    Migration,
    Row,
    Sql,
    SqlRefused,
    SqlUnavailable,
    migrate,
    with_percent,
)


def connection_options(url: str) -> dict[str, Any]:
    """What libpq reads in the URL. Raises SqlUnavailable, without the URL's password."""
    try:
        return {**TIMEOUTS, **conninfo_to_dict(url)}
    except psycopg.ProgrammingError:
        raise SqlUnavailable(
            "the database's URL cannot be read; expected postgresql://USER:PASSWORD@HOST/DATABASE"
        ) from None


def opened(options: Mapping[str, Any], namespace: str, migrations: Sequence[Migration]) -> Sql:
    """A connection to a migrated database; servers that start together queue."""
    sql = PostgresSql(options)
    try:
        with sql.transaction():
            sql.execute("select pg_advisory_xact_lock(hashtext('fogbank_versions'))")
            migrate(sql, namespace, migrations)
    except BaseException:
        sql.close()
        raise
    return sql


class PostgresSql:
    """`Sql` over one connection. Writers take a lock each, as SQLite's do."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        with _usable():
            self._connection = psycopg.connect(autocommit=True, row_factory=dict_row, **options)

    def execute(self, sql: str, *values: Any) -> list[Row]:
        with _usable():
            cursor = self._connection.execute(with_percent(sql).encode(), values)
            return cursor.fetchall() if cursor.description else []

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        with _usable(), self._connection.cursor() as cursor:
            cursor.executemany(with_percent(sql).encode(), rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with _usable(), self._connection.transaction():
            self._connection.execute("select pg_advisory_xact_lock(hashtext('fogbank_sql'))")
            yield

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _usable() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        text = " ".join(str(error).split()) or type(error).__name__
        refused = isinstance(error, (psycopg.IntegrityError, psycopg.DataError))
        raise (SqlRefused if refused else SqlUnavailable)(f"PostgreSQL: {text}") from error
