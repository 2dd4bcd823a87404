"""The ledger of requests: written on the event loop in microseconds, stored by a thread.

A row is in the journal (`journal.py`) before its request is answered. A thread moves the journal
to the database in batches; a row is stored once, however often its line is replayed. While the
database cannot be used requests go on: the journal grows until the disk is full, an error is
logged every minute, and nothing is dropped to make room.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path

import structlog

from fogbank.storage.journal import Journal, ended_segments, waiting_bytes
from fogbank.storage.ledger_row import LedgerRow, parse_line
from fogbank.storage.ledger_store import LedgerStore, LedgerUnavailable, RowsRefused

BATCH = 1000
PAUSE = 0.5
"""Seconds in which rows gather before they are stored."""
LONGEST_PAUSE = 15.0
TELL_EVERY = 60.0
START_SECONDS = 10.0
"""How long a start waits for what an earlier process left; the rest is stored beside requests."""
STOP_SECONDS = 10.0

log = structlog.get_logger("fogbank.ledger")


class Ledger:
    """Writes the rows of one process.

    `opened` are called in the thread with a new connection, once the journal is stored through it.
    """

    def __init__(
        self,
        folder: Path,
        open_store: Callable[[], LedgerStore],
        opened: Iterable[Callable[[LedgerStore], None]] = (),
        *,
        pause: float = PAUSE,
    ) -> None:
        self.open_store = open_store
        self.lost = 0
        self._journal = Journal(folder)
        self._opened = opened
        self._pause = pause
        self._store: LedgerStore | None = None
        self._written = threading.Event()
        self._stopping = threading.Event()
        self._tried = threading.Event()
        self._thread: threading.Thread | None = None
        self._told_at = -TELL_EVERY

    def record(self, row: LedgerRow) -> None:
        """Writes a row down. On a full disk the row is lost, counted and logged, not raised.

        So is a row with a number that JSON has no room for.
        """
        try:
            if self._journal.append(row.line()):
                self._written.set()
        except (OSError, TypeError) as error:
            self.lost += 1
            if self._may_tell():
                log.error("ledger rows are lost", error=str(error), lost=self.lost)

    def start(self) -> None:
        """Stores what an earlier process left behind, and looks after the journal from then on.

        Returns after `START_SECONDS` at the latest: neither a long journal nor a database that
        does not answer keeps a server from starting.
        """
        self._thread = threading.Thread(target=self._look_after, name="ledger", daemon=True)
        self._thread.start()
        self._tried.wait(START_SECONDS)

    def stop(self) -> None:
        """Stores what is written; what cannot be stored now is stored by the next start."""
        self._stopping.set()
        self._written.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
        self._journal.rotate()

    def _look_after(self) -> None:
        pause = self._pause
        stopped = False
        moved = self._move()
        self._tried.set()
        while not stopped:
            if moved:
                pause = self._pause
            else:
                self._written.set()
                pause = min(2 * pause, LONGEST_PAUSE)
            self._written.wait()
            stopped = self._stopping.wait(pause)
            self._written.clear()
            moved = self._move()
        if self._store is not None:
            self._store.close()
            self._store = None

    def _move(self) -> bool:
        """Moves the journal to the database, as far as it can be used."""
        try:
            opened = self._opened if self._store is None else ()
            if self._store is None:
                self._store = self.open_store()
            self._journal.rotate()
            store_segments(self._journal.folder, self._store)
            for call in opened:
                call(self._store)
        except Exception as error:
            if self._store is not None:
                self._store.close()
                self._store = None
            if self._may_tell():
                self._tell(error)
            return False
        return True

    def _tell(self, error: Exception) -> None:
        expected = isinstance(error, LedgerUnavailable)
        log.error(
            "the ledger's database cannot be used; requests go on, their rows wait",
            error=str(error) if expected else repr(error),
            waiting_bytes=waiting_bytes(self._journal.folder),
            folder=str(self._journal.folder),
        )

    def _may_tell(self) -> bool:
        now = time.monotonic()
        if now - self._told_at < TELL_EVERY:
            return False
        self._told_at = now
        return True


def store_segments(folder: Path, store: LedgerStore) -> None:
    """Stores every ended segment of a journal and removes it. Raises LedgerUnavailable."""
    with closing(ended_segments(folder)) as segments:
        for path, stream in segments:
            rows = _rows(path, stream)
            while batch := list(islice(rows, BATCH)):
                _insert(store, batch)
            path.unlink()


def _insert(store: LedgerStore, rows: list[LedgerRow]) -> None:
    """Stores the rows; one that the database never takes is told, and holds up no other."""
    try:
        store.insert(rows)
    except RowsRefused as error:
        if len(rows) == 1:
            told = rows[0].line().decode()
            log.error("a row of the ledger is lost", error=str(error), row=told)
            return
        for row in rows:
            _insert(store, [row])


def _rows(path: Path, lines: Iterable[bytes]) -> Iterator[LedgerRow]:
    for number, line in enumerate(lines, start=1):
        if line == b"\n":
            continue
        try:
            yield parse_line(line)
        except ValueError as error:
            log.error("a line of the ledger is lost", file=str(path), line=number, error=str(error))
