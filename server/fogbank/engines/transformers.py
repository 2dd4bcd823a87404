"""The transformers engine: embeddings, classification, token classification; text without vLLM.

Weights live in this process. Everything that computes runs in the engine's one thread.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import (
    EngineOverloaded,
    EngineRefused,
    EngineUnavailable,
    Health,
)
from fogbank.engines.batcher import Batcher
from fogbank.engines.collect import collect
from fogbank.engines.transformers_generation import Generator
from fogbank.engines.transformers_heads import HEADS, Head
from fogbank.engines.transformers_loading import check_folder
from fogbank.engines.transformers_text import TokenizedText
from fogbank.tasks import (
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDINGS,
    TEXT_GENERATION,
    TOKEN_CLASSIFICATION,
    TaskRequest,
    TaskResult,
    TextChunk,
    TextClassificationRequest,
    TextClassificationResult,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
    TextGenerationRequest,
    TokenClassificationRequest,
    TokenClassificationResult,
    Usage,
)

ON_THE_LOOP = 2_000
"""Characters of a request up to which it is tokenized on the event loop; more goes to a thread."""

REQUESTS = {
    TEXT_CLASSIFICATION: TextClassificationRequest,
    TEXT_EMBEDDINGS: TextEmbeddingsRequest,
    TEXT_GENERATION: TextGenerationRequest,
    TOKEN_CLASSIFICATION: TokenClassificationRequest,
}


class TransformersEngine:
    """An `Engine` for one `task` on the safetensors folder `model`.

    `options` are the keys of TransformersOptions; a wrong one raises a ValueError that names it.
    """

    def __init__(
        self, name: str, model: Path, *, task: str, options: Mapping[str, Any] | None = None
    ) -> None:
        if task not in REQUESTS:
            raise ValueError(f"the transformers engine has no task {task!r}; it has {[*REQUESTS]}")
        self.name = name
        self._folder = model
        self._task = task
        self._options = TransformersOptions.model_validate(options or {})
        self._executor: ThreadPoolExecutor | None = None
        self._loaded: Head | Generator | None = None
        self._batcher: Batcher[TokenizedText, Any] | None = None
        self._cancels: set[threading.Event] = set()
        self._running = 0

    async def start(self) -> None:
        """Loads the weights in the engine's thread."""
        if self._loaded is not None:
            return
        check_folder(self._folder)
        executor = ThreadPoolExecutor(1, thread_name_prefix=f"fogbank-{self.name}")
        try:
            loaded = await asyncio.get_running_loop().run_in_executor(executor, self._load)
        except BaseException:
            executor.shutdown(wait=False)
            raise
        self._loaded, self._executor = loaded, executor
        if not isinstance(loaded, Generator):
            self._batcher = Batcher(
                loaded.compute,
                executor,
                max_batch_tokens=self._options.max_batch_tokens,
                max_waiting=self._options.max_waiting,
            )

    def _load(self) -> Head | Generator:
        try:
            return HEADS.get(self._task, Generator)(self._folder, self._options)
        except OSError:
            raise
        except ImportError as error:
            raise EngineUnavailable(
                f"the transformers engine is not installed ({error}): "
                "pip install 'fogbank[transformers]'"
            ) from error
        except Exception as error:  # transformers, safetensors and torch raise what they like
            raise EngineUnavailable(
                f"the weights in {self._folder} cannot be loaded: {error}"
            ) from error

    async def stop(self) -> None:
        """What waits or generates ends with EngineUnavailable; a batch in hand is finished."""
        loaded, batcher, executor = self._loaded, self._batcher, self._executor
        self._loaded = self._batcher = self._executor = None
        for cancel in self._cancels:
            cancel.set()
        if batcher is not None:
            await batcher.close()
        if isinstance(loaded, Generator):
            loaded.template.close()
        if executor is not None:
            await asyncio.to_thread(executor.shutdown, cancel_futures=True)

    def health(self) -> Health:
        return Health.STOPPED if self._loaded is None else Health.READY

    @property
    def context_window(self) -> int:
        """Tokens; of the other tasks, of one text: what exceeds it is cut off. 0 before `start`."""
        if self._loaded is None:
            return 0
        if isinstance(self._loaded, Generator):
            return self._loaded.context_window
        return self._loaded.reader.limit

    @property
    def running(self) -> int:
        return self._running

    def gauges(self) -> Mapping[str, float]:
        """`texts_waiting`: texts not yet in a batch; requests wait, texts are batched."""
        return {} if self._batcher is None else {"texts_waiting": float(self._batcher.waiting)}

    async def encode(self, request: TextGenerationRequest) -> list[int] | None:
        generator = self._generator()
        return await generator.template.encode(request, context_window=generator.context_window)

    async def run(self, request: TaskRequest) -> TaskResult:
        """Raises EngineRefused for a request of another task than the engine's."""
        if isinstance(request, TextGenerationRequest):
            return await collect(self.stream(request))
        if not isinstance(request, REQUESTS[self._task]):
            raise EngineRefused(f"{self.name} is loaded for {self._task}, not for this task")
        if isinstance(request, TextEmbeddingsRequest):
            return TextEmbeddingsResult(*await self._compute(request.texts, request.pooling))
        if isinstance(request, TextClassificationRequest):
            (scores,), usage = await self._compute((request.text,))
            return TextClassificationResult(scores, usage)
        assert isinstance(request, TokenClassificationRequest)
        (entities,), usage = await self._compute((request.text,))
        return TokenClassificationResult(entities, usage)

    async def _compute(
        self, texts: tuple[str, ...], pooling: str = "mean"
    ) -> tuple[list[Any], Usage]:
        """The head's result for each text, and the tokens that were read."""
        head, batcher = self._loaded, self._batcher
        if head is None or batcher is None or isinstance(head, Generator):
            raise EngineUnavailable(f"the engine {self.name} is not started")
        batcher.check_room(len(texts))
        with self._counted():
            if sum(map(len, texts)) <= ON_THE_LOOP:
                read = [head.reader.read(text, pooling) for text in texts]
            else:
                read = await asyncio.to_thread(
                    lambda: [head.reader.read(text, pooling) for text in texts]
                )
            results = await batcher.submit_all([(text, len(text.ids)) for text in read])
            return results, Usage(sum(len(text.ids) for text in read))

    async def stream(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        """One request at a time; others wait, `max_waiting` at most."""
        generator = self._generator()
        if request.json_format is not None:
            raise EngineRefused("JSON mode needs the vllm engine; this model runs on transformers")
        if self._running > self._options.max_waiting:
            raise EngineOverloaded(f"{self._running} requests are running or waiting already")
        with self._counted():
            ids = request.prompt_token_ids
            if ids is None:
                ids = await self.encode(request) or []
            with self._job(generator, ids, request) as (future, chunks):
                while (chunk := await chunks.get()) is not None:
                    yield chunk
                    if chunk.finish_reason is not None:
                        return
                if not future.cancelled() and (error := future.exception()) is not None:
                    raise error
                raise EngineUnavailable(f"the engine {self.name} was stopped")

    @contextmanager
    def _job(
        self, generator: Generator, ids: list[int], request: TextGenerationRequest
    ) -> Iterator[tuple[asyncio.Future[None], asyncio.Queue[TextChunk | None]]]:
        """A generation in the engine's thread, and its chunks, then None; cancelled on leaving."""
        loop = asyncio.get_running_loop()
        chunks: asyncio.Queue[TextChunk | None] = asyncio.Queue()
        cancel = threading.Event()

        def work() -> None:
            for chunk in generator.generate(ids, request.sampling, cancel.is_set):
                loop.call_soon_threadsafe(chunks.put_nowait, chunk)

        if self._executor is None:
            raise EngineUnavailable(f"the engine {self.name} was stopped")
        future = loop.run_in_executor(self._executor, work)
        future.add_done_callback(lambda _: chunks.put_nowait(None))
        self._cancels.add(cancel)
        try:
            yield future, chunks
        finally:
            cancel.set()
            self._cancels.discard(cancel)
            future.cancel()

    def _generator(self) -> Generator:
        if self._task != TEXT_GENERATION:
            raise EngineRefused(f"{self.name} is loaded for {self._task}, not for this task")
        if not isinstance(self._loaded, Generator):
            raise EngineUnavailable(f"the engine {self.name} is not started")
        return self._loaded

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
