"""Asynchronous batches in the SQLite file: what was asked, and what came of each item.

A finished item is on the disk before it counts, so a batch goes on where a killed server left it.
Servers may share a file: each holds a lock for as long as it lives, so that another can tell which
batches have lost theirs. Methods block; the queue calls them in a thread of its own.
"""

import fcntl
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fogbank.storage.database import connect


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch and its owner. `done` of `total` items have an outcome, `size` bytes in all."""

    id: str
    model: str
    account: str | None
    key: str | None
    total: int
    done: int
    finished_at: float | None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an item: `answer` is its JSON in the list of responses, the rest what it used.

    `neurons` is None for a model without a price.
    """

    answer: bytes
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    neurons: float | None = None


class BatchStore:
    """The batches of one file. Times are seconds since 1970."""

    def __init__(self, path: Path) -> None:
        self._connection = connect(path)
        self._locks = path.parent / "batches"
        self._locks.mkdir(mode=0o700, exist_ok=True)
        self._server = uuid.uuid4().hex
        self._lock = (self._locks / self._server).open("w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def add(self, batch: Batch, inputs: Sequence[bytes], now: float) -> None:
        """Keeps a batch and the JSON of its items, all or nothing."""
        owner = (batch.account, batch.key)
        row = (batch.id, batch.model, *owner, batch.total, self._server, now)
        self._connection.execute("begin immediate")
        try:
            self._connection.execute(
                "insert into batches (id, model, account, key, total, server, created_at)"
                " values (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            self._connection.executemany(
                "insert into batch_items (batch, number, input) values (?, ?, ?)",
                [(batch.id, number, item) for number, item in enumerate(inputs)],
            )
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def get(self, batch_id: str) -> Batch | None:
        """A batch as it stands, or None."""
        row = self._connection.execute(
            "select id, model, account, key, total, count(answer), finished_at,"
            " coalesce(sum(length(answer)), 0)"
            " from batches left join batch_items on batch = id where id = ? group by id",
            (batch_id,),
        ).fetchone()
        return Batch(*row) if row else None

    def adopt(self, served: Callable[[str], bool]) -> list[str]:
        """The unfinished batches of served models that are this server's, oldest first.

        Those whose server is gone are taken over.
        """
        rows = self._connection.execute(
            "select id, model, server from batches where finished_at is null"
            " order by created_at, id"
        ).fetchall()
        adopted = []
        for batch_id, model, server in rows:
            if not served(model):
                continue
            if server == self._server:
                adopted.append(batch_id)
            elif self._gone(server):
                cursor = self._connection.execute(
                    "update batches set server = ? where id = ? and server = ?",
                    (self._server, batch_id, server),
                )
                adopted += [batch_id] * cursor.rowcount
        return adopted

    def _gone(self, server: str) -> bool:
        try:
            with (self._locks / server).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        (self._locks / server).unlink(missing_ok=True)
        return True

    def next_input(self, batch_id: str, after: int) -> tuple[int, bytes] | None:
        """Number and JSON of the first item beyond number `after` that has no outcome."""
        row: Any = self._connection.execute(
            "select number, input from batch_items"
            " where batch = ? and number > ? and answer is null order by number limit 1",
            (batch_id, after),
        ).fetchone()
        return tuple(row) if row else None

    def finish_item(self, batch_id: str, number: int, outcome: Outcome, now: float) -> None:
        """Keeps an outcome, in place of the input; the last one finishes the batch."""
        self._connection.execute("begin immediate")
        try:
            self._connection.execute(
                "update batch_items set input = null, answer = ?, prompt_tokens = ?,"
                " completion_tokens = ?, cached_tokens = ?, neurons = ?"
                " where batch = ? and number = ?",
                (
                    outcome.answer,
                    outcome.prompt_tokens,
                    outcome.completion_tokens,
                    outcome.cached_tokens,
                    outcome.neurons,
                    batch_id,
                    number,
                ),
            )
            self._connection.execute(
                "update batches set finished_at = ? where id = ? and not exists"
                " (select 1 from batch_items where batch = id and answer is null)",
                (now, batch_id),
            )
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def outcomes(self, batch_id: str) -> list[Outcome]:
        """The outcomes there are, in the order of the items."""
        rows = self._connection.execute(
            "select answer, prompt_tokens, completion_tokens, cached_tokens, neurons"
            " from batch_items where batch = ? and answer is not null order by number",
            (batch_id,),
        )
        return [Outcome(*row) for row in rows]

    def forget(self, before: float) -> None:
        """Deletes the batches that had finished by then."""
        self._connection.execute("delete from batches where finished_at <= ?", (before,))

    def close(self) -> None:
        """Closes the file; whatever is unfinished is another server's to take."""
        self._connection.close()
        (self._locks / self._server).unlink(missing_ok=True)
        self._lock.close()
