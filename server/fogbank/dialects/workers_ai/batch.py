"""Asynchronous batches (contract 5.1): taken at once, run beside live traffic, fetched later.

Every served model takes them, an extension: at Cloudflare only some do. An answer that failed has
the fields of a failed envelope, `{"id", "success": false, "result": {}, "errors": [...],
"external_reference"}`; its shape is not documented.
"""

import asyncio
import uuid
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import orjson
import structlog

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.clock import Clock
from fogbank.dialects.workers_ai.batch_input import BatchInputs
from fogbank.dialects.workers_ai.batch_item import ItemRunner
from fogbank.dialects.workers_ai.forms.text_generation import usage
from fogbank.dialects.workers_ai.inference import Inference
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.settings import Settings
from fogbank.storage.batches import Batch, BatchStore, Outcome
from fogbank.tasks import Usage

MAX_BATCHES = 1000
"""Unfinished batches of a server; more are refused with 3040."""

PLACES = 64
"""Items on one engine, of all its batches, that run or wait for a permit at once."""

MAX_ANSWERS = 256_000_000
"""Bytes of a batch's answers, which are fetched all at once; items beyond that fail with 3006."""

HOUR = 3600.0
ROUND = 60.0
"""Seconds between two looks for batches that nobody runs, and for results to delete."""

T = TypeVar("T")

log = structlog.get_logger("fogbank.batch")


class BatchQueue:
    """Keeps batches, runs them, and answers for them. A component of the server."""

    def __init__(self, inference: Inference, settings: Settings, clock: Clock) -> None:
        self._runtime = inference.runtime
        self._inputs = BatchInputs(inference)
        self._runner = ItemRunner(inference, settings)
        self._settings = settings
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, "batches")
        self._store: BatchStore | None = None
        self._places = defaultdict[str, asyncio.Semaphore](lambda: asyncio.Semaphore(PLACES))
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._begun: set[str] = set()
        self._room: dict[str, int] = {}
        self._rounds: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Goes on with what an earlier server left unfinished."""
        path = self._settings.data_dir / "fogbank.db"
        self._store = await self._in_thread(lambda: BatchStore(path))
        self._rounds = asyncio.create_task(self._go_round())

    async def stop(self) -> None:
        """What has no outcome yet is left for the next start."""
        tasks = [*self._tasks.values(), *([self._rounds] if self._rounds else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._store is not None:
            await self._in_thread(self._store.close)
        self._thread.shutdown()

    async def answer(self, card: Card, data: Any, context: Context) -> dict[str, Any]:
        """`result` for `{"requests": [...]}` or `{"request_id": ...}`. Raises AIError."""
        if isinstance(data, dict) and isinstance(batch_id := data.get("request_id"), str):
            return await self._fetch(card, batch_id, context)
        return await self._take(card, data, context)

    async def _take(self, card: Card, data: Any, context: Context) -> dict[str, Any]:
        if self._runtime.draining or len(self._tasks) >= MAX_BATCHES:
            raise AIError(errors.CAPACITY, retry_after=1 if self._settings.retry_after else None)
        items = await asyncio.to_thread(self._inputs.checked, card, data)
        account = context.account and context.account.lower()
        batch = Batch(str(uuid.uuid4()), card.name, account, context.key, len(items), 0, None)
        await self._in_thread(lambda: self._kept.add(batch, items, self._now()))
        self._begin(batch.id)
        return {"status": "queued", "request_id": batch.id, "model": card.name}

    async def _fetch(self, card: Card, batch_id: str, context: Context) -> dict[str, Any]:
        batch = await self._in_thread(lambda: self._kept.get(batch_id))
        if batch is None or not self._may_see(batch, card, context):
            detail = "'request_id' names no batch of this account and key for this model"
            raise AIError(errors.INVALID_INPUT, detail=detail)
        if batch.finished_at is None:
            running = batch.done or batch_id in self._begun
            status = "running" if running else "queued"
            return {"status": status, "request_id": batch_id, "model": batch.model}
        outcomes = await self._in_thread(lambda: self._kept.outcomes(batch_id))
        answers = [orjson.Fragment(outcome.answer) for outcome in outcomes]
        return {"responses": answers, "usage": _sum(outcomes)}

    def _may_see(self, batch: Batch, card: Card, context: Context) -> bool:
        owner = (context.account and context.account.lower(), context.key, card.name)
        if (batch.account, batch.key, batch.model) != owner:
            return False
        return batch.finished_at is None or batch.finished_at > self._oldest()

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _oldest(self) -> float:
        return self._now() - self._settings.batch_keep * HOUR

    def _begin(self, batch_id: str) -> None:
        task = self._tasks[batch_id] = asyncio.create_task(self._run(batch_id))
        task.add_done_callback(lambda task: self._ended(batch_id, task))

    def _ended(self, batch_id: str, task: asyncio.Task[None]) -> None:
        del self._tasks[batch_id]
        self._begun.discard(batch_id)
        self._room.pop(batch_id, None)
        if not task.cancelled() and (error := task.exception()):
            log.error("batch stopped until the next round", id=batch_id, exc_info=error)

    async def _run(self, batch_id: str) -> None:
        """Runs what is left of a batch; returns early when the server is leaving."""
        batch = await self._in_thread(lambda: self._kept.get(batch_id))
        assert batch is not None
        self._room[batch_id] = MAX_ANSWERS - batch.size
        places = self._places[self._runtime.served[batch.model].engine]
        number = -1
        async with asyncio.TaskGroup() as items:
            while not self._runtime.draining:
                await places.acquire()
                item = await self._next_item(batch_id, number, places)
                if item is None:
                    return
                number = item[0]
                task = items.create_task(self._item(batch, *item))
                task.add_done_callback(lambda _: places.release())
                self._begun.add(batch_id)

    async def _next_item(
        self, batch_id: str, after: int, places: asyncio.Semaphore
    ) -> tuple[int, bytes] | None:
        """The next item; without one, or when it cannot be read, the place is given back."""
        item = None
        try:
            item = await self._in_thread(lambda: self._kept.next_input(batch_id, after))
        finally:
            if item is None:
                places.release()
        return item

    async def _item(self, batch: Batch, number: int, data: bytes) -> None:
        outcome = await self._runner.run(batch, number, data, self._fits)
        if outcome is not None:
            await self._in_thread(
                lambda: self._kept.finish_item(batch.id, number, outcome, self._now())
            )

    def _fits(self, batch: Batch, size: int) -> bool:
        """Takes room for an answer of so many bytes, if there is enough."""
        if size > self._room[batch.id]:
            return False
        self._room[batch.id] -= size
        return True

    async def _go_round(self) -> None:
        """Runs what no server runs, and deletes old results, for as long as the server lives."""
        served = self._runtime.served.__contains__
        while True:
            try:
                for batch_id in await self._in_thread(lambda: self._kept.adopt(served)):
                    if batch_id not in self._tasks:
                        self._begin(batch_id)
                await self._in_thread(lambda: self._kept.forget(self._oldest()))
            except Exception:
                log.exception("batches cannot be read, or old results not be deleted")
            await asyncio.sleep(ROUND)

    @property
    def _kept(self) -> BatchStore:
        assert self._store is not None, "the queue is not started"
        return self._store

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _sum(outcomes: list[Outcome]) -> dict[str, Any]:
    neurons = [outcome.neurons for outcome in outcomes if outcome.neurons is not None]
    total = Usage(
        sum(outcome.prompt_tokens for outcome in outcomes),
        sum(outcome.completion_tokens for outcome in outcomes),
        sum(outcome.cached_tokens for outcome in outcomes),
    )
    return usage(total, sum(neurons) if neurons else None)
