"""The transformers engine: every task but large language models, and those where vLLM is not.

Weights live in this process. Everything that computes runs in the engine's one thread: texts that
are read whole in batches, what writes (text, summaries, translations) one request at a time.
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
from fogbank.engines.collect import collect
from fogbank.engines.json_calls import JsonCalls
from fogbank.engines.tool_text import stream_with_calls
from fogbank.engines.transformers_answers import ANSWERS
from fogbank.engines.transformers_batches import TextBatches
from fogbank.engines.transformers_constraint import BACKEND, installed
from fogbank.engines.transformers_generation import Generator
from fogbank.engines.transformers_heads import HEADS
from fogbank.engines.transformers_loading import check_folder
from fogbank.engines.transformers_writers import WRITERS, Writer
from fogbank.tasks import (
    TEXT_GENERATION,
    TaskRequest,
    TaskResult,
    TextChunk,
    TextGenerationRequest,
)

TASKS = (TEXT_GENERATION, *HEADS, *WRITERS)


class TransformersEngine:
    """An `Engine` for one `task` on the safetensors folder `model`.

    `options` are the keys of TransformersOptions; a wrong one raises a ValueError that names it.
    """

    def __init__(
        self, name: str, model: Path, *, task: str, options: Mapping[str, Any] | None = None
    ) -> None:
        if task not in TASKS:
            raise ValueError(f"the transformers engine has no task {task!r}; it has {[*TASKS]}")
        self.name = name
        self._folder = model
        self._task = task
        self._options = TransformersOptions.model_validate(options or {})
        self._executor: ThreadPoolExecutor | None = None
        self._loaded: TextBatches | Writer | Generator | None = None
        self._cancels: set[threading.Event] = set()
        self._running = 0

    async def start(self) -> None:
        """Loads the weights in the engine's thread."""
        if self._loaded is not None:
            return
        check_folder(self._folder)
        executor = ThreadPoolExecutor(1, thread_name_prefix=f"fogbank-{self.name}")
        try:
            load = asyncio.get_running_loop().run_in_executor(executor, self._load, executor)
            self._loaded, self._executor = await load, executor
        except BaseException:
            executor.shutdown(wait=False)
            raise

    def _load(self, executor: ThreadPoolExecutor) -> TextBatches | Writer | Generator:
        try:
            if head := HEADS.get(self._task):
                return TextBatches(head(self._folder, self._options), executor, self._options)
            return WRITERS.get(self._task, Generator)(self._folder, self._options)
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
        loaded, executor = self._loaded, self._executor
        self._loaded = self._executor = None
        for cancel in self._cancels:
            cancel.set()
        if isinstance(loaded, TextBatches):
            await loaded.close()
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
        if isinstance(self._loaded, TextBatches):
            return self._loaded.reader.limit
        return self._loaded.context_window

    @property
    def running(self) -> int:
        return self._running

    @property
    def takes_lora(self) -> bool:
        return False

    @property
    def backend(self) -> str | None:
        """What holds text generation to a constraint; None for other tasks, or not installed."""
        return BACKEND if self._task == TEXT_GENERATION and installed() else None

    @property
    def continues(self) -> bool:
        return self._task == TEXT_GENERATION

    def gauges(self) -> Mapping[str, float]:
        """`texts_waiting`: texts not yet in a batch; requests wait, texts are batched."""
        if isinstance(self._loaded, TextBatches):
            return {"texts_waiting": float(self._loaded.waiting)}
        return {}

    async def encode(self, request: TextGenerationRequest) -> list[int] | None:
        generator = self._generator()
        return await generator.template.encode(request, context_window=generator.context_window)

    async def run(self, request: TaskRequest) -> TaskResult:
        """Raises EngineRefused for a request of a task that the engine is not loaded for."""
        if isinstance(request, TextGenerationRequest):
            return await collect(self.stream(request))
        loaded = self._loaded
        if loaded is None:
            raise EngineUnavailable(f"the engine {self.name} is not started")
        if isinstance(loaded, TextBatches):
            for kind, answer in ANSWERS[self._task].items():
                if isinstance(request, kind):
                    with self._counted():
                        return await answer(loaded, request)
        elif not isinstance(loaded, Generator) and isinstance(request, loaded.request):
            return await self._written(loaded, request)
        raise self._another_task()

    async def _written(self, writer: Writer, request: TaskRequest) -> TaskResult:
        """One request at a time; others wait, `max_waiting` at most."""
        if self._running > self._options.max_waiting:
            raise EngineOverloaded(f"{self._running} requests are running or waiting already")
        if self._executor is None:
            raise EngineUnavailable(f"the engine {self.name} was stopped")
        cancel = threading.Event()
        with self._counted():
            future = asyncio.get_running_loop().run_in_executor(
                self._executor, writer.write, request, cancel.is_set
            )
            self._cancels.add(cancel)
            try:
                await asyncio.wait([future])
            finally:
                cancel.set()
                self._cancels.discard(cancel)
                future.cancel()
            result = None if future.cancelled() else future.result()
        if result is None:
            raise EngineUnavailable(f"the engine {self.name} was stopped")
        return result

    def _another_task(self) -> EngineRefused:
        return EngineRefused(f"{self.name} is loaded for {self._task}, not for this task")

    def stream(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        """One request at a time; others wait, `max_waiting` at most."""
        return stream_with_calls(self._chunks(request), request, JsonCalls())

    async def _chunks(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        generator = self._generator()
        if request.constraint is not None and self.backend is None:
            raise EngineRefused(
                "structured output needs outlines and llguidance: pip install outlines llguidance"
            )
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
            for chunk in generator.generate(ids, request, cancel.is_set):
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
            raise self._another_task()
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
