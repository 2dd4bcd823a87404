"""Texts on their way to a head: read off the event loop where they are long, then batched."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineTooLong
from fogbank.engines.batcher import Batcher
from fogbank.engines.transformers_heads import Head
from fogbank.engines.transformers_text import TokenizedText
from fogbank.tasks import Usage

ON_THE_LOOP = 2_000
"""Characters of a request up to which it is tokenized on the event loop; more goes to a thread."""


@dataclass(frozen=True, slots=True)
class Computed:
    """The head's result for each text, and the texts as they were read."""

    results: list[Any]
    texts: list[TokenizedText]

    @property
    def usage(self) -> Usage:
        """Every token that the model read, special ones included, padding not."""
        return Usage(sum(len(text.ids) for text in self.texts))


class TextBatches:
    """One head and what waits for it. The head computes in `executor`."""

    def __init__(
        self, head: Head, executor: ThreadPoolExecutor, options: TransformersOptions
    ) -> None:
        self.reader = head.reader
        self._batcher = Batcher[TokenizedText, Any](
            head.compute,
            executor,
            max_batch_tokens=options.max_batch_tokens,
            max_waiting=options.max_waiting,
        )

    @property
    def waiting(self) -> int:
        """Texts not yet in a batch."""
        return self._batcher.waiting

    async def compute(
        self, texts: Sequence[str], pooling: str = "mean", *, truncate: bool = True
    ) -> Computed:
        """Raises EngineTooLong for a text above the window where `truncate` is False."""
        read = self.reader.read
        found = await self._read(texts, lambda text: read(text, pooling))
        for text in found:
            if not truncate and text.whole > self.reader.limit:
                raise EngineTooLong(text.whole)
        return await self._computed(found)

    async def compute_pairs(self, query: str, passages: Sequence[str]) -> Computed:
        """The query with each passage."""
        read = self.reader.read_pair
        together = len(query) * len(passages)
        return await self._computed(
            await self._read(passages, lambda passage: read(query, passage), together)
        )

    async def compute_windows(self, query: str, passage: str) -> Computed:
        """The query with each window of the passage."""
        read = self.reader.read_windows
        self._batcher.check_room(1)
        if len(query) + len(passage) <= ON_THE_LOOP:
            return await self._computed(read(query, passage))
        return await self._computed(await asyncio.to_thread(read, query, passage))

    async def close(self) -> None:
        """As `Batcher.close`."""
        await self._batcher.close()

    async def _read(
        self, texts: Sequence[str], read: Callable[[str], TokenizedText], further: int = 0
    ) -> list[TokenizedText]:
        self._batcher.check_room(len(texts))
        if sum(map(len, texts)) + further <= ON_THE_LOOP:
            return [read(text) for text in texts]
        return await asyncio.to_thread(lambda: [read(text) for text in texts])

    async def _computed(self, texts: list[TokenizedText]) -> Computed:
        items = [(text, len(text.ids)) for text in texts]
        return Computed(await self._batcher.submit_all(items), texts)
