"""The ledger: what was recorded is stored once, whatever dies in between."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from fogbank.storage import ledger as ledger_module
from fogbank.storage.journal import SUFFIX, waiting_bytes
from fogbank.storage.ledger import Ledger, store_segments
from fogbank.storage.ledger_row import LedgerRow
from fogbank.storage.ledger_store import LedgerStore, LedgerUnavailable, store_opener
from tests.postgres import Postgres
from tests.real_server import wait_until
from tests.storage.ledger_rows import EVER, row

LINES = [row(n).line() for n in range(4)]


@contextmanager
def started(ledger: Ledger) -> Iterator[Ledger]:
    ledger.start()
    try:
        yield ledger
    finally:
        ledger.stop()


def stored(opener: Callable[[], LedgerStore]) -> list[str]:
    with closing(opener()) as store:
        return sorted(each.id for each in store.records(*EVER))


def ids(count: int) -> list[str]:
    return sorted(f"process-{n}" for n in range(count))


def test_rows_are_stored_while_it_runs_and_nothing_is_left(tmp_path: Path) -> None:
    opener = store_opener(tmp_path, None)
    with started(Ledger(tmp_path / "ledger", opener, pause=0.01)) as ledger:
        for n in range(10):
            ledger.record(row(n))
        assert wait_until(lambda: stored(opener) == ids(10), 5)
        ledger.record(row(10))
        assert wait_until(lambda: stored(opener) == ids(11), 5)
    assert waiting_bytes(tmp_path / "ledger") == 0


def test_the_last_rows_are_stored_at_the_end(tmp_path: Path) -> None:
    opener = store_opener(tmp_path, None)
    with started(Ledger(tmp_path / "ledger", opener, pause=60)) as ledger:
        ledger.record(row(0))
        assert stored(opener) == []
    assert stored(opener) == ids(1)
    assert "ledger" not in {thread.name for thread in threading.enumerate()}


def test_what_a_killed_process_left_is_stored_by_the_next(tmp_path: Path) -> None:
    opener = store_opener(tmp_path, None)
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / f"1{SUFFIX}").write_bytes(b"".join(LINES[:2]))
    (tmp_path / "ledger" / f"2{SUFFIX}").write_bytes(LINES[1] + LINES[2])  # stored, not removed
    with started(Ledger(tmp_path / "ledger", opener)):
        assert stored(opener) == ids(3)
    assert list((tmp_path / "ledger").iterdir()) == []


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(torn=st.integers(0, sum(map(len, LINES))))
def test_a_journal_torn_anywhere_gives_its_whole_lines(tmp_path: Path, torn: int) -> None:
    class Store:
        def __init__(self) -> None:
            self.rows: list[LedgerRow] = []

        def insert(self, rows: Sequence[LedgerRow]) -> None:
            self.rows.extend(rows)

    (tmp_path / f"1{SUFFIX}").write_bytes(b"".join(LINES)[:torn])
    store: Any = Store()
    with capture_logs() as logs:
        store_segments(tmp_path, store)
    ends = [sum(map(len, LINES[: n + 1])) - 1 for n in range(len(LINES))]  # without the newline
    assert store.rows == [row(n) for n, end in enumerate(ends) if end <= torn]
    whole = torn in {0, *ends, *(end + 1 for end in ends)}
    assert [entry["event"] for entry in logs] == ([] if whole else ["a line of the ledger is lost"])
    assert list(tmp_path.iterdir()) == []


@given(kills=st.lists(st.integers(1, 4), max_size=4))
@settings(max_examples=10, deadline=None)
def test_a_segment_that_is_replayed_is_stored_once(
    tmp_path_factory: pytest.TempPathFactory, kills: list[int]
) -> None:
    """A kill after some batches were stored, and before the segment was removed."""
    folder = tmp_path_factory.mktemp("replay")
    opener = store_opener(folder, None)
    segment = folder / "ledger" / f"1{SUFFIX}"
    segment.parent.mkdir()
    segment.write_bytes(b"".join(LINES))
    with closing(opener()) as store:
        for kill in kills:
            store.insert([row(n) for n in range(kill)])
        store_segments(segment.parent, store)
    assert stored(opener) == ids(4)


def test_two_processes_may_share_the_folder(tmp_path: Path) -> None:
    opener = store_opener(tmp_path, None)
    with started(Ledger(tmp_path / "ledger", opener, pause=60)) as one:
        one.record(row(0))
        with started(Ledger(tmp_path / "ledger", opener, pause=0.01)) as other:
            other.record(row(1))
            assert wait_until(lambda: stored(opener) == ["process-1"], 5)
            one.record(row(2))
    assert stored(opener) == ids(3)


class Flaky:
    """Opens the real store, except while it is down."""

    def __init__(self, opener: Callable[[], LedgerStore]) -> None:
        self.opener = opener
        self.down = False
        self.tries = 0

    def __call__(self) -> LedgerStore:
        self.tries += 1
        if self.down:
            raise LedgerUnavailable("out to lunch")
        return self.opener()


def test_a_database_that_is_down_holds_nothing_up_and_loses_nothing(tmp_path: Path) -> None:
    flaky = Flaky(store_opener(tmp_path, None))
    flaky.down = True
    with capture_logs() as logs, started(Ledger(tmp_path / "ledger", flaky, pause=0.01)) as ledger:
        ledger.record(row(0))
        assert wait_until(lambda: flaky.tries > 3, 5)
        ledger.record(row(1))
        assert [entry["error"] for entry in logs] == ["out to lunch"]  # once a minute
        flaky.down = False
        assert wait_until(lambda: stored(flaky.opener) == ids(2), 5)
    assert ledger.lost == 0


def test_rows_wait_for_the_next_start_where_the_database_stays_down(tmp_path: Path) -> None:
    flaky = Flaky(store_opener(tmp_path, None))
    flaky.down = True
    with started(Ledger(tmp_path / "ledger", flaky, pause=0.01)) as ledger:
        ledger.record(row(0))
    assert waiting_bytes(tmp_path / "ledger") == len(row(0).line())
    with started(Ledger(tmp_path / "ledger", flaky.opener)):
        assert stored(flaky.opener) == ids(1)


def test_what_was_left_is_stored_without_a_new_row(tmp_path: Path) -> None:
    """A server that started while the database was away need not be asked anything."""
    flaky = Flaky(store_opener(tmp_path, None))
    assert stored(flaky.opener) == []
    flaky.down = True
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / f"1{SUFFIX}").write_bytes(LINES[0])
    with started(Ledger(tmp_path / "ledger", flaky, pause=0.01)):
        flaky.down = False
        assert wait_until(lambda: stored(flaky.opener) == ids(1), 5)


def test_a_database_that_hangs_does_not_hold_up_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "START_SECONDS", 0.01)
    opener = store_opener(tmp_path, None)
    assert stored(opener) == []
    answers = threading.Event()

    def hanging() -> LedgerStore:
        assert answers.wait(5), "the start waits for the database"
        return opener()

    with started(Ledger(tmp_path / "ledger", hanging, pause=0.01)) as ledger:
        assert not answers.is_set()
        ledger.record(row(0))
        answers.set()
        assert wait_until(lambda: stored(opener) == ids(1), 5)


def test_who_asks_a_new_connection_finds_what_was_left(tmp_path: Path) -> None:
    """The daily allocation counts the rows of a server that was killed, too."""
    found: list[str] = []
    (tmp_path / "ledger").mkdir()
    (tmp_path / "ledger" / f"1{SUFFIX}").write_bytes(LINES[0])

    def ask(store: LedgerStore) -> None:
        found.extend(each.id for each in store.records(*EVER))

    with started(Ledger(tmp_path / "ledger", store_opener(tmp_path, None), [ask])):
        assert found == ids(1)


def test_the_error_is_told_again_every_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "TELL_EVERY", 0.0)
    flaky = Flaky(store_opener(tmp_path, None))
    flaky.down = True
    with capture_logs() as logs, started(Ledger(tmp_path / "ledger", flaky, pause=0.01)) as ledger:
        ledger.record(row(0))
        assert wait_until(lambda: len(logs) > 2, 5)
    assert logs[-1]["waiting_bytes"] == len(row(0).line())


def test_a_disk_that_is_full_fails_no_request(tmp_path: Path) -> None:
    (tmp_path / "ledger").write_text("a file where the folder should be")
    ledger = Ledger(tmp_path / "ledger", store_opener(tmp_path, None))
    with capture_logs() as logs:
        ledger.record(row(0))
        ledger.record(row(1))
    assert ledger.lost == 2
    assert [entry["event"] for entry in logs] == ["ledger rows are lost"]


def test_a_number_that_has_no_form_fails_no_request(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger", store_opener(tmp_path, None))
    with capture_logs():
        ledger.record(row(0, prompt_tokens=10**30))
    assert ledger.lost == 1


def test_a_postgresql_that_goes_and_comes_back_loses_nothing(
    postgres: Postgres, tmp_path: Path
) -> None:
    opener = store_opener(tmp_path, postgres.database())
    with started(Ledger(tmp_path / "ledger", opener, pause=0.01)) as ledger:
        ledger.record(row(0))
        assert wait_until(lambda: stored(opener) == ids(1), 5)
        postgres.stop()
        try:
            ledger.record(row(1))
            assert waiting_bytes(tmp_path / "ledger") > 0
            ledger.record(row(2))
        finally:
            postgres.start()
        ledger.record(row(3))
        assert wait_until(lambda: stored(opener) == ids(4), 20)
    assert waiting_bytes(tmp_path / "ledger") == 0
