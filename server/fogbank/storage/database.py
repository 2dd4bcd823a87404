"""The SQLite file and its migrations: plain functions in order, each applied once."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

TRIES = 40

Migration = Callable[[sqlite3.Connection], None]


def _m001_api_keys(connection: sqlite3.Connection) -> None:
    connection.execute(
        "create table api_keys ("
        " name text primary key, sha256 blob not null unique, prefix text not null,"
        " created_at text not null, revoked_at text)"
    )
    connection.execute("pragma user_version = 1")


def _m002_nothing(connection: sqlite3.Connection) -> None:
    # The ledger of requests grows, and is written every second: it has a file of its own.
    connection.execute("pragma user_version = 2")


def _m003_batches(connection: sqlite3.Connection) -> None:
    connection.execute(
        "create table batches ("
        " id text primary key, model text not null, account text, key text,"
        " total integer not null, server text not null, created_at real not null,"
        " finished_at real)"
    )
    connection.execute(
        "create table batch_items ("
        " batch text not null, number integer not null, input blob, answer blob,"
        " prompt_tokens integer, completion_tokens integer, cached_tokens integer, neurons real,"
        " primary key (batch, number))"
    )
    connection.execute("create index finished_batches on batches (finished_at)")
    connection.execute(
        "create index batch_work on batch_items (batch, number) where answer is null"
    )
    # Foreign keys are off unless a connection turns them on, so the items go with their batch here.
    connection.execute(
        "create trigger batch_deleted after delete on batches"
        " begin delete from batch_items where batch = old.id; end"
    )
    connection.execute("pragma user_version = 3")


def _m004_finetunes(connection: sqlite3.Connection) -> None:
    # `autoincrement`: the number of a deleted row is never given to another.
    connection.execute(
        "create table finetunes ("
        " number integer primary key autoincrement, id text not null unique,"
        " account text not null, name text not null, model text not null, description text,"
        " public integer not null, created_at text not null, modified_at text not null,"
        " config integer not null default 0, weights integer not null default 0,"
        " unique (account, name))"
    )
    connection.execute("pragma user_version = 4")


def _m005_gateway(connection: sqlite3.Connection) -> None:
    connection.execute(
        "create table gateway_logs ("
        " id text not null unique, account text not null, gateway text not null,"
        " created_at text not null, details text not null)"
    )
    connection.execute("create index gateway_logs_of on gateway_logs (account, gateway)")
    connection.execute("pragma user_version = 5")


MIGRATIONS: tuple[Migration, ...] = (
    _m001_api_keys,
    _m002_nothing,
    _m003_batches,
    _m004_finetunes,
    _m005_gateway,
)


def connect(path: Path, migrations: Sequence[Migration] | None = None) -> sqlite3.Connection:
    """Opens the database, made and migrated where needed, readable by its owner only.

    `migrations` are MIGRATIONS unless it is another file than `fogbank.db`. Raises sqlite3.Error
    when the file is not a database or cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=10, check_same_thread=False, isolation_level=None)
    _write_ahead(connection)
    connection.execute("pragma synchronous = full")
    migrate(connection, migrations)
    return connection


def _write_ahead(connection: sqlite3.Connection) -> None:
    """SQLite's own timeout does not hold for this switch where others open a new file too."""
    for left in reversed(range(TRIES)):
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError:
            if not left:
                raise
            time.sleep(0.05)


def migrate(connection: sqlite3.Connection, migrations: Sequence[Migration] | None = None) -> None:
    """Applies the migrations that this file has not seen, all or none."""
    migrations = MIGRATIONS if migrations is None else migrations
    if _version(connection) >= len(migrations):
        return
    connection.execute("begin immediate")
    try:
        for migration in migrations[_version(connection) :]:
            migration(connection)
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])
