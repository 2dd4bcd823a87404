"""One small door to SQLite and PostgreSQL for tables that both can hold in the same words.

Statements are written once: `?` for values, types `text`, `integer` (SQLite), `bigint` and
`double precision`, times as text in one form (`2026-11-28T08:15:30.123456+00:00`), which sorts,
JSON as text. SQL is a constant where it is used, never put together.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from fogbank.storage.database import connect

Row = dict[str, Any]
P = ParamSpec("P")
T = TypeVar("T")


class SqlUnavailable(OSError):
    """The database cannot be used now. The message has no password."""


class SqlRefused(SqlUnavailable):
    """The database can be used, but not for this: a constraint is against it."""


class Sql(Protocol):
    """An open connection, used by one thread. Every method raises SqlUnavailable or SqlRefused."""

    def execute(self, sql: str, *values: Any) -> list[Row]:
        """Runs one statement; the rows, if it has any."""

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Runs one statement for each of the rows."""

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what happens inside, or nothing. Begins as a writer: no two run at once."""
        yield

    def close(self) -> None:
        """Ends the connection."""


Migration = Callable[[Sql], None]
"""Runs once for each database, in a transaction with all others that it has not seen."""


def sql_opener(
    url: str | None, path: Path, namespace: str, migrations: Sequence[Migration]
) -> Callable[[], Sql]:
    """What opens the database of `url`, else the file `path`, made and migrated where needed.

    `namespace` tells one set of migrations from another in the same database, by the name of its
    table of versions. Raises SqlUnavailable at once where no later try could do better.
    """
    if url is None:
        return partial(_opened_file, path, namespace, migrations)
    try:
        from fogbank.storage.sql_postgres import connection_options, opened
    except ImportError:
        raise SqlUnavailable(
            "a database in PostgreSQL needs psycopg:  pip install 'fogbank[postgres]'"
        ) from None
    return partial(opened, connection_options(url), namespace, migrations)


def _opened_file(path: Path, namespace: str, migrations: Sequence[Migration]) -> Sql:
    sql = SqliteSql(path)
    with sql.transaction():
        migrate(sql, namespace, migrations)
    return sql


def migrate(sql: Sql, namespace: str, migrations: Sequence[Migration]) -> None:
    """Applies what this database has not seen, inside the caller's transaction."""
    sql.execute(
        "create table if not exists fogbank_versions"
        " (namespace text primary key, version bigint not null)"
    )
    rows = sql.execute("select version from fogbank_versions where namespace = ?", namespace)
    seen = int(rows[0]["version"]) if rows else 0
    for migration in migrations[seen:]:
        migration(sql)
    if len(migrations) > seen:
        sql.execute(
            "insert into fogbank_versions values (?, ?)"
            " on conflict (namespace) do update set version = excluded.version",
            namespace,
            len(migrations),
        )


class SqliteSql:
    """`Sql` in one file. Every commit is on the disk's platter."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._usable():
            self._connection = connect(path, ())
        self._connection.row_factory = sqlite3.Row

    def execute(self, sql: str, *values: Any) -> list[Row]:
        with self._usable():
            return [dict(row) for row in self._connection.execute(sql, values)]

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        with self._usable():
            self._connection.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._usable():
            self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            with self._usable():
                self._connection.execute("rollback")
            raise
        with self._usable():
            self._connection.execute("commit")

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
            raise SqlRefused(f"{self._path}: {error}") from error
        except sqlite3.Error as error:
            raise SqlUnavailable(f"{self._path}: {error}") from error


class Database:
    """A connection in a thread of its own, opened at the first use and again after it broke."""

    def __init__(self, open_sql: Callable[[], Sql], name: str) -> None:
        self._open = open_sql
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=f"fogbank-{name}")
        self._sql: Sql | None = None
        self._closed = False

    async def run(
        self, work: Callable[Concatenate[Sql, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """What `work(sql, ...)` returns. Raises SqlUnavailable; works that wait run in turn."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, partial(self._work, work, args, kwargs))

    async def close(self) -> None:
        """Waits for what runs; nothing runs after it. Safe to call twice."""
        if not self._closed:
            self._closed = True
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._close)
            self._thread.shutdown()

    def _work(self, work: Callable[..., T], args: Any, kwargs: Any) -> T:
        if self._sql is None:
            self._sql = self._open()
        try:
            return work(self._sql, *args, **kwargs)
        except SqlRefused:
            raise
        except SqlUnavailable:
            self._close()
            raise

    def _close(self) -> None:
        if self._sql is not None:
            self._sql.close()
            self._sql = None


@cache
def with_percent(sql: str) -> str:
    """The statement with psycopg's placeholders."""
    return sql.replace("%", "%%").replace("?", "%s")
