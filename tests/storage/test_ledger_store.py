"""The ledger's database: the same tests on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fogbank.storage import ledger_sqlite
from fogbank.storage.journal import SUFFIX
from fogbank.storage.ledger import store_segments
from fogbank.storage.ledger_row import LedgerRow, parse_line
from fogbank.storage.ledger_store import (
    LedgerStore,
    LedgerTotal,
    LedgerUnavailable,
    span,
    store_opener,
)
from tests.postgres import Postgres
from tests.storage.ledger_rows import EVER, NOON, ROW, row

Opener = Callable[[], LedgerStore]


@pytest.fixture(params=["sqlite", "postgresql"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    if request.param == "sqlite":
        return store_opener(tmp_path, None)
    server: Postgres = request.getfixturevalue("postgres")
    return store_opener(tmp_path, server.database())


@pytest.fixture
def store(opener: Opener) -> Iterator[LedgerStore]:
    opened = opener()
    yield opened
    opened.close()


def test_rows_come_back_as_they_were(store: LedgerStore) -> None:
    rows = [
        row(1),
        row(
            2,
            at=NOON + timedelta(microseconds=1),
            account=None,
            key=None,
            served_by="ein Ersatz für größere",
            neurons=None,
            price_date=None,
            first_seconds=None,
            streamed=False,
            from_cache=True,
            prompt_tokens=2**40,
        ),
    ]
    store.insert(rows)
    assert list(store.records(*EVER)) == rows


def test_a_row_is_stored_once(store: LedgerStore) -> None:
    store.insert([row(1), row(2)])
    store.insert([row(2), row(3), row(3)])
    assert [each.id for each in store.records(*EVER)] == ["process-1", "process-2", "process-3"]


@pytest.mark.parametrize("value", [{"prompt_tokens": 2**63 + 5}, {"audio_seconds": float("nan")}])
def test_a_row_that_no_column_takes_holds_up_no_other(
    store: LedgerStore, tmp_path: Path, value: dict[str, float]
) -> None:
    rows = [row(1), row(2, **value), row(3)]
    (tmp_path / f"1{SUFFIX}").write_bytes(b"".join(each.line() for each in rows))
    with capture_logs() as logs:
        store_segments(tmp_path, store)
    assert list(store.records(*EVER)) == [row(1), row(3)]
    (told,) = logs
    assert "process-2" in told["row"]
    assert not list(tmp_path.glob(f"*{SUFFIX}"))


def test_a_request_may_have_several_rows(store: LedgerStore) -> None:
    store.insert([row(1), row(2)])
    assert [each.request_id for each in store.records(*EVER)] == ["a-request"] * 2


def test_the_interval_holds_its_beginning_and_not_its_end(store: LedgerStore) -> None:
    moments = [NOON + timedelta(milliseconds=n) for n in (2, 0, 1)]
    store.insert([row(n, at=at) for n, at in enumerate(moments)])
    found = store.records(NOON, NOON + timedelta(milliseconds=2))
    assert [each.at for each in found] == [NOON, NOON + timedelta(milliseconds=1)]


def test_totals_by_utc_day_account_key_and_model(store: LedgerStore) -> None:
    store.insert(
        [
            row(1),
            row(2, neurons=None),
            row(3, neurons=0.5, key=None),
            row(4, at=datetime(2026, 11, 22, 23, 59, 59, 999999, tzinfo=UTC), model="@cf/test/b"),
            row(5, at=datetime(2026, 11, 23, tzinfo=UTC), neurons=None, account=None),
        ]
    )
    totals = store.totals(*EVER)
    names = [(total.day.day, total.account, total.key, total.model) for total in totals]
    assert names == [
        (22, ROW.account, None, ROW.model),
        (22, ROW.account, "a key", "@cf/test/b"),
        (22, ROW.account, "a key", ROW.model),
        (23, None, "a key", ROW.model),
    ]
    assert totals[2] == LedgerTotal(
        day=date(2026, 11, 22),
        account=ROW.account,
        key="a key",
        model=ROW.model,
        requests=2,
        prompt_tokens=20,
        cached_tokens=8,
        completion_tokens=40,
        audio_seconds=3.0,
        images=2,
        neurons=0.25,
        unpriced=1,
    )
    assert (totals[3].neurons, totals[3].unpriced) == (0, 1)


def test_totals_of_any_interval_are_those_of_its_rows(store: LedgerStore) -> None:
    """Whole days come from their sums, the rest from rows."""
    rows = [
        row(
            number,
            at=NOON + timedelta(hours=7 * number),
            model=f"@cf/test/{number % 3}",
            key=None if number % 2 else "a key",
            neurons=None if number % 5 == 0 else number / 8,
            prompt_tokens=number,
        )
        for number in range(60)
    ]
    store.insert(rows[:30])
    store.insert(rows[20:])
    store.insert(rows[:5])
    hours = (0, 1, 11, 12, 13, 35, 36, 37, 60, 84, 200, 420, 500)
    for first, last in combinations(hours, 2):
        since, until = NOON + timedelta(hours=first), NOON + timedelta(hours=last)
        inside = [each for each in rows if since <= each.at < until]
        totals = store.totals(since, until)
        assert sum(total.requests for total in totals) == len(inside)
        assert sum(total.prompt_tokens for total in totals) == sum(e.prompt_tokens for e in inside)
        assert sum(total.neurons for total in totals) == sum(e.neurons or 0 for e in inside)
        assert sum(total.unpriced for total in totals) == sum(e.neurons is None for e in inside)
        names = {(t.day, t.key, t.model) for t in totals}
        assert names == {(e.at.date(), e.key, e.model) for e in inside}
        assert len(names) == len(totals)


def test_a_ledger_of_before_gets_the_sums_of_its_days(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    from fogbank.storage import ledger_postgres

    with monkeypatch.context() as before:
        before.setattr(ledger_sqlite, "MIGRATIONS", ledger_sqlite.MIGRATIONS[:1])
        before.setattr(ledger_postgres, "MIGRATIONS", ledger_postgres.MIGRATIONS[:1])
        old = opener()
        old.insert([row(1), row(2, neurons=None), row(3, at=NOON + timedelta(days=3))])
        old.close()
    store = opener()
    store.insert([row(4)])
    assert [(total.day.day, total.requests, total.neurons) for total in store.totals(*EVER)] == [
        (22, 3, 0.5),
        (25, 1, 0.25),
    ]
    store.close()


@given(
    since=st.datetimes(datetime(2026, 1, 1), datetime(2026, 1, 5), timezones=st.just(UTC)),
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=4)),
)
def test_a_span_is_its_interval(since: datetime, length: timedelta) -> None:
    until = since + length
    asked = span(since, until)
    whole = (asked.last - asked.first) if asked.first < asked.last else timedelta()
    assert whole + sum((end - begin for begin, end in asked.edges), timedelta()) == length
    for begin, end in asked.edges:
        assert since <= begin < end <= until
        assert begin.date() == (end - timedelta(microseconds=1)).date()
        assert not asked.first <= begin.date() < asked.last


def test_nothing_is_in_an_empty_ledger(store: LedgerStore) -> None:
    assert list(store.records(*EVER)) == []
    assert store.totals(*EVER) == []


def test_opening_again_changes_nothing(opener: Opener) -> None:
    first = opener()
    first.insert([row(1)])
    second = opener()
    assert list(second.records(*EVER)) == [row(1)]
    first.close()
    second.close()


def test_a_batch_is_stored_whole_or_not_at_all(store: LedgerStore) -> None:
    broken = row(2, model=None)
    with pytest.raises(LedgerUnavailable):
        store.insert([row(1), broken])
    assert list(store.records(*EVER)) == []
    store.insert([row(1)])


def test_many_rows(store: LedgerStore) -> None:
    rows = [row(n, at=NOON + timedelta(seconds=n)) for n in range(3000)]
    store.insert(rows)
    assert list(store.records(*EVER)) == rows


def test_a_postgresql_that_is_away(postgres: Postgres, tmp_path: Path) -> None:
    opener = store_opener(tmp_path, postgres.database())
    store = opener()
    postgres.stop()
    try:
        with pytest.raises(LedgerUnavailable, match="PostgreSQL"):
            store.insert([row(1)])
        with pytest.raises(LedgerUnavailable, match="PostgreSQL"):
            opener()
    finally:
        store.close()
        postgres.start()


def test_a_url_that_cannot_be_read_is_told_without_its_password(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(LedgerUnavailable, match="expected postgresql://") as caught:
        store_opener(tmp_path, "postgresql://me:sec%zzret@host/name")
    assert "ret" not in str(caught.value).replace("cannot be read", "")


def test_without_psycopg_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "fogbank.storage.ledger_postgres", None)
    with pytest.raises(LedgerUnavailable, match=r"fogbank\[postgres\]"):
        store_opener(tmp_path, "postgresql://host/name")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"not a database, though long enough" * 100)
    with pytest.raises(LedgerUnavailable, match=r"ledger\.db: file is not a database"):
        store_opener(tmp_path, None)()


def test_the_file_is_its_owners(tmp_path: Path) -> None:
    store_opener(tmp_path, None)().close()
    assert (tmp_path / "ledger.db").stat().st_mode & 0o077 == 0
    connection = sqlite3.connect(tmp_path / "ledger.db")
    version = len(ledger_sqlite.MIGRATIONS)
    assert connection.execute("pragma user_version").fetchone() == (version,)
    connection.close()


@given(
    at=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
    key=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    neurons=st.none() | st.floats(0, 1e12),
    tokens=st.integers(0, 2**53),
)
def test_a_line_of_the_journal_says_the_whole_row(
    at: datetime, key: str | None, neurons: float | None, tokens: int
) -> None:
    written: LedgerRow = row(
        1, at=at.replace(tzinfo=UTC), key=key, neurons=neurons, prompt_tokens=tokens
    )
    line = written.line()
    assert line.endswith(b"}\n")
    assert line.count(b"\n") == 1
    assert parse_line(line) == written


def test_lines_of_other_versions() -> None:
    line = ROW.line()
    assert parse_line(line.replace(b',"from_cache":false', b"")) == ROW
    assert parse_line(line.replace(b'{"id"', b'{"later":1,"id"')) == ROW
    with pytest.raises(ValueError, match="not a row"):
        parse_line(b'{"id":"1"}\n')


def test_times_of_other_zones_are_told_in_utc(store: LedgerStore) -> None:
    here = NOON.astimezone(timezone(timedelta(hours=5)))
    store.insert([row(1, at=here)])
    found = list(store.records(here, here + timedelta(seconds=1)))
    assert [(each.at, each.at.utcoffset()) for each in found] == [(NOON, timedelta(0))]
    assert store.totals(here, here + timedelta(seconds=1))[0].requests == 1
