"""The door to the deployments' databases: the same tests on SQLite and on PostgreSQL."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from fogbank.storage.sql import (
    Database,
    Migration,
    Sql,
    SqlRefused,
    SqlUnavailable,
    sql_opener,
    with_percent,
)
from tests.postgres import Postgres

Open = Callable[..., Sql]


def _m001(sql: Sql) -> None:
    sql.execute(
        "create table things (id text primary key, size bigint not null,"
        " weight double precision, note text)"
    )


def _m002(sql: Sql) -> None:
    sql.execute("alter table things add column colour text")


def _other(sql: Sql) -> None:
    sql.execute("create table other (id text)")


def _broken(sql: Sql) -> None:
    sql.execute("create table half (id text)")
    sql.execute("create table things (id text)")


class Place:
    """Where a database is."""

    def __init__(self, folder: Path, url: str | None) -> None:
        self.folder, self.url = folder, url

    def opener(
        self, migrations: Sequence[Migration] = (_m001,), namespace: str = "test"
    ) -> Callable[[], Sql]:
        return sql_opener(self.url, self.folder / "test.db", namespace, migrations)


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return Place(tmp_path, None)
    server: Postgres = request.getfixturevalue("postgres")
    return Place(tmp_path, server.database())


@pytest.fixture
def sql(place: Place) -> Iterator[Sql]:
    opened = place.opener()()
    yield opened
    opened.close()


def ids(sql: Sql) -> list[str]:
    return [row["id"] for row in sql.execute("select id from things order by id")]


def add(sql: Sql, id: str, size: int = 1) -> None:
    sql.execute("insert into things (id, size) values (?, ?)", id, size)


def test_values_come_back(sql: Sql) -> None:
    text = "50 % of Ökostrom?\n'quoted' \"double\" 日本"
    sql.execute("insert into things values (?, ?, ?, ?)", text, 2**62, 0.1, None)
    assert sql.execute("select * from things") == [
        {"id": text, "size": 2**62, "weight": 0.1, "note": None}
    ]
    assert sql.execute("select id from things where id like 'none%'") == []
    found = sql.execute("select count(*) as n from things where id like '50 %' and size > ?", 5)
    assert found == [{"n": 1}]
    assert sql.execute("delete from things") == []


def test_many(sql: Sql) -> None:
    sql.many("insert into things (id, size) values (?, ?)", [(str(n), n) for n in range(100)])
    sql.many("insert into things (id, size) values (?, ?)", [])
    assert sql.execute("select sum(size) as total from things")[0]["total"] == 4950


def test_a_transaction_is_whole_or_nothing(sql: Sql) -> None:
    with sql.transaction():
        add(sql, "a")
        add(sql, "b")
    with pytest.raises(ZeroDivisionError), sql.transaction():
        add(sql, "c")
        raise ZeroDivisionError
    with pytest.raises(SqlRefused), sql.transaction():
        add(sql, "d")
        add(sql, "a")
    assert ids(sql) == ["a", "b"]
    with sql.transaction():
        add(sql, "e")
    assert ids(sql) == ["a", "b", "e"]


@pytest.mark.parametrize(("id", "size"), [("a", 1), ("b", None)], ids=["twice", "no size"])
def test_what_a_constraint_is_against(sql: Sql, id: str, size: int) -> None:
    add(sql, "a")
    with pytest.raises(SqlRefused):
        add(sql, id, size)
    assert ids(sql) == ["a"]  # and the connection works on


def test_a_number_that_is_too_large(sql: Sql) -> None:
    with pytest.raises(SqlRefused):
        add(sql, "a", 2**63)


def test_a_mistake_in_a_statement_is_not_the_data_s(sql: Sql) -> None:
    with pytest.raises(SqlUnavailable) as caught:
        sql.execute("select * from nothing")
    assert not isinstance(caught.value, SqlRefused)


def test_migrations_run_once_each(place: Place) -> None:
    place.opener((_m001,))().close()
    first = place.opener((_m001, _m002))()
    add(first, "a")
    first.close()
    again = place.opener((_m001, _m002))()
    assert again.execute("select id, colour from things") == [{"id": "a", "colour": None}]
    again.close()


def test_migrations_of_two_parts_are_apart(place: Place) -> None:
    place.opener((_m001,), "one")().close()
    other = place.opener((_other,), "two")()
    add(other, "a")
    assert other.execute("select * from other") == []
    rows = other.execute("select namespace, version from fogbank_versions order by namespace")
    assert [(row["namespace"], row["version"]) for row in rows] == [("one", 1), ("two", 1)]
    other.close()


def test_a_migration_that_fails_leaves_nothing(place: Place) -> None:
    with pytest.raises(SqlUnavailable):
        place.opener((_m001, _broken))()
    healed = place.opener((_m001,))()
    assert ids(healed) == []
    with pytest.raises(SqlUnavailable):
        healed.execute("select * from half")
    healed.close()


def test_a_newer_database_is_used_as_it_is(place: Place) -> None:
    place.opener((_m001, _m002))().close()
    older = place.opener((_m001,))()
    add(older, "a")
    older.close()
    newer = place.opener((_m001, _m002))()
    assert newer.execute("select colour from things") == [{"colour": None}]
    newer.close()


def test_servers_that_open_it_together(place: Place) -> None:
    errors: list[Exception] = []
    barrier = threading.Barrier(6)

    def work(number: int) -> None:
        try:
            barrier.wait()
            sql = place.opener((_m001, _m002))()
            add(sql, str(number))
            sql.close()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    sql = place.opener((_m001, _m002))()
    assert ids(sql) == ["0", "1", "2", "3", "4", "5"]
    sql.close()


def test_writers_take_turns(place: Place) -> None:
    """What a transaction read still holds when it writes: no update is lost."""
    opener = place.opener()
    first = opener()
    add(first, "counter", 0)
    first.close()

    def count() -> None:
        sql = opener()
        for _ in range(25):
            with sql.transaction():
                size = sql.execute("select size from things")[0]["size"]
                sql.execute("update things set size = ?", size + 1)
        sql.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    last = opener()
    assert last.execute("select size from things")[0]["size"] == 100
    last.close()


@pytest.mark.anyio
async def test_works_run_in_turn_off_the_event_loop(place: Place) -> None:
    database = Database(place.opener(), "test")
    names: list[str] = []

    def work(sql: Sql, number: int, *, note: str) -> int:
        names.append(threading.current_thread().name)
        sql.execute("insert into things (id, size, note) values (?, ?, ?)", str(number), 1, note)
        return number

    done = await asyncio.gather(*(database.run(work, n, note="x") for n in range(20)))
    assert done == list(range(20))
    assert set(names) == {"fogbank-test_0"}
    assert len(await database.run(ids)) == 20
    await database.close()
    await database.close()


@pytest.mark.anyio
async def test_a_refusal_keeps_the_connection_and_a_breakdown_does_not(place: Place) -> None:
    opened: list[Sql] = []

    def opener() -> Sql:
        opened.append(place.opener()())
        return opened[-1]

    database = Database(opener, "test")
    await database.run(add, "a")
    with pytest.raises(SqlRefused):
        await database.run(add, "a")
    assert len(opened) == 1
    opened[0].close()
    with pytest.raises(SqlUnavailable):
        await database.run(add, "b")
    await database.run(add, "b")
    assert (len(opened), await database.run(ids)) == (2, ["a", "b"])
    await database.close()


@pytest.mark.anyio
async def test_a_postgresql_that_was_restarted(tmp_path: Path, postgres: Postgres) -> None:
    database = Database(Place(tmp_path, postgres.database()).opener(), "test")
    await database.run(add, "a")
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(SqlUnavailable) as caught:
                await database.run(add, "b")
            assert not isinstance(caught.value, SqlRefused)
    finally:
        postgres.start()
    await database.run(add, "c")
    assert await database.run(ids) == ["a", "c"]
    await database.close()


def test_a_url_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SqlUnavailable, match="cannot be read") as caught:
        Place(tmp_path, "postgresql://me:secret@[host/x").opener()
    assert "secret" not in str(caught.value)


def test_a_postgresql_that_is_not_there(tmp_path: Path) -> None:
    opener = Place(tmp_path, "postgresql://me:secret@127.0.0.1:9/x").opener()
    with pytest.raises(SqlUnavailable) as caught:
        opener()
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_text("This is a letter, and not a database of any kind." * 50)
    with pytest.raises(SqlUnavailable, match=r"test\.db"):
        Place(tmp_path, None).opener()()


def test_percent_signs_are_kept() -> None:
    assert with_percent("a like '5 %' and b = ?") == "a like '5 %%' and b = %s"
