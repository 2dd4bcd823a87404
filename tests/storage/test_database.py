import sqlite3
from pathlib import Path

import pytest

from fogbank.storage import database
from fogbank.storage.database import MIGRATIONS, connect, migrate


def version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("pragma user_version").fetchone()[0])


def test_every_migration_writes_its_number() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for number, migration in enumerate(MIGRATIONS, start=1):
        migration(connection)
        assert version(connection) == number
    connection.close()


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "fogbank.db"
    connect(path).close()
    connection = connect(path)
    assert version(connection) == len(MIGRATIONS)
    connection.close()


def test_a_migration_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("create table half (a)")
        raise RuntimeError("power cut")

    connection = connect(tmp_path / "fogbank.db")
    monkeypatch.setattr(database, "MIGRATIONS", (*MIGRATIONS, broken))
    with pytest.raises(RuntimeError):
        migrate(connection)
    assert version(connection) == len(MIGRATIONS)
    assert not connection.execute("select 1 from sqlite_master where name = 'half'").fetchall()
    connection.close()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "fogbank.db"
    path.write_bytes(b"not a database, though long enough to be looked at" * 100)
    with pytest.raises(sqlite3.DatabaseError):
        connect(path)
