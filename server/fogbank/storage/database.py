"""The SQLite file and its migrations: plain functions in order, each applied once."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

Migration = Callable[[sqlite3.Connection], None]


def _m001_api_keys(connection: sqlite3.Connection) -> None:
    connection.execute(
        "create table api_keys ("
        " name text primary key, sha256 blob not null unique, prefix text not null,"
        " created_at text not null, revoked_at text)"
    )
    connection.execute("pragma user_version = 1")


def _m002_ledger(connection: sqlite3.Connection) -> None:
    connection.execute("pragma user_version = 2")


def _m003_batches(connection: sqlite3.Connection) -> None:
    connection.execute("pragma user_version = 3")


def _m004_finetunes(connection: sqlite3.Connection) -> None:
    connection.execute("pragma user_version = 4")


def _m005_gateway(connection: sqlite3.Connection) -> None:
    connection.execute("pragma user_version = 5")


MIGRATIONS: tuple[Migration, ...] = (
    _m001_api_keys,
    _m002_ledger,
    _m003_batches,
    _m004_finetunes,
    _m005_gateway,
)


def connect(path: Path) -> sqlite3.Connection:
    """Opens the database, made and migrated where needed, readable by its owner only.

    Raises sqlite3.Error when the file is not a database or cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    migrate(connection)
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Applies the migrations that this file has not seen, all or none."""
    if _version(connection) >= len(MIGRATIONS):
        return
    connection.execute("begin immediate")
    try:
        for migration in MIGRATIONS[_version(connection) :]:
            migration(connection)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])
