"""Owns one engine: loads it in the background, watches it, rebuilds it when it dies.

Its states:

    unloaded -> loading -> ready -> unloading -> unloaded
                   |         |
                   +-> failed <-+      a failed load or a death; loads again after a back-off,
                                  or, where its options are wrong, once somebody asks for it
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from enum import StrEnum

import structlog

from fogbank.catalog.profile import EngineSpec
from fogbank.clock import Clock
from fogbank.engines.base import Engine, EngineMisconfigured, EngineUnavailable, Health

WATCH_INTERVAL = 0.25
FIRST_BACKOFF = 1.0
LONGEST_BACKOFF = 60.0

log = structlog.get_logger("fogbank.engine")


class State(StrEnum):
    """Where an engine stands."""

    UNLOADED = "unloaded"
    LOADING = "loading"
    READY = "ready"
    UNLOADING = "unloading"
    FAILED = "failed"


class Supervisor:
    """One engine of a profile. `build` makes a new, not yet started engine each time.

    Engines that share a `turn` load one after another: vLLM measures the memory of a GPU while it
    loads, and another engine that grows meanwhile spoils the measure.
    """

    def __init__(
        self,
        name: str,
        spec: EngineSpec,
        build: Callable[[], Engine],
        clock: Clock | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self.name = name
        self.spec = spec
        self.state = State.UNLOADED
        self.error: str | None = None
        self.restarts = 0
        self._build = build
        self._clock = clock or Clock()
        self._turn = turn or asyncio.Lock()
        self._engine: Engine | None = None
        self._changed = asyncio.Event()
        self._wanted = spec.load == "start"
        self._in_use = 0
        self._loaded_before = False
        self._load_failed = False
        self._backoff = 0.0
        self._retry = asyncio.Event()
        self._last_used = self._loaded_at = self._clock.monotonic()
        self._task: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to look after the engine; loads it unless the profile says on demand."""
        self._task = asyncio.create_task(self._look_after(), name=f"supervisor {self.name}")

    async def stop(self) -> None:
        """Ends the engine and the looking after."""
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        if self._stopping:  # the cancelled task may have been at it
            await asyncio.wait([self._stopping])
        await self._unload()

    def load(self) -> None:
        """Asks for the engine to be loaded, without waiting out a back-off; returns at once."""
        self._wanted = True
        self._retry.set()
        self._notify()

    def unload(self) -> None:
        """Asks for the engine to be unloaded once nobody uses it; a request loads it again."""
        self._wanted = False
        self._retry.set()
        self._notify()

    @property
    def ready(self) -> bool:
        """Whether a request would be computed now. Asks the engine itself, not the last look."""
        engine = self._engine
        return self.state is State.READY and engine is not None and engine.health() is Health.READY

    @property
    def available(self) -> bool:
        """Ready, or unloaded on purpose after it had been: the next request brings it back."""
        return self.ready or (self._loaded_before and not self._wanted)

    @property
    def engine(self) -> Engine | None:
        """The engine while it is loaded."""
        return self._engine if self.state is State.READY else None

    @contextlib.asynccontextmanager
    async def use(self) -> AsyncIterator[Engine]:
        """The engine, loaded first where it is not; while in use it is not unloaded.

        Raises EngineUnavailable when loading failed and has not been repaired.
        """
        self._in_use += 1
        if not self._wanted:
            self._wanted = True
            self._notify()
        try:
            yield await self._until_ready()
        finally:
            self._in_use -= 1
            self._last_used = self._clock.monotonic()

    async def until_ready(self) -> None:
        """Returns when the engine is ready for the first or next time; does not ask for it."""
        while not self.ready:
            await self._changed.wait()

    async def _until_ready(self) -> Engine:
        while True:
            engine = self.engine
            if engine is not None and engine.health() is Health.READY:
                return engine
            if self.state is State.FAILED and self._load_failed:
                raise EngineUnavailable(f"{self.name} could not be loaded: {self.error}")
            changed = self._changed
            await changed.wait() if self.state is not State.READY else await asyncio.sleep(0.05)

    def _set(self, state: State, error: str | None = None) -> None:
        if state is not self.state:
            log.info("engine", name=self.name, state=str(state), error=error)
        self.state, self.error = state, error
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _look_after(self) -> None:
        while True:
            changed = self._changed
            match self.state:
                case State.FAILED:
                    await self._recover()
                case State.UNLOADED if self._wanted or self._in_use:
                    await self._load()
                case State.READY:
                    await self._look()
            await _wait(changed, WATCH_INTERVAL)

    async def _recover(self) -> None:
        """Loads again after the back-off: none after a first death, then longer each time.

        Endless where the options are wrong; `load` and `unload` end it.
        """
        self._retry.clear()
        await _wait(self._retry, self._backoff)
        self._backoff = min(max(2 * self._backoff, FIRST_BACKOFF), LONGEST_BACKOFF)
        if self._wanted or self._in_use:
            await self._load()
        else:
            self._set(State.UNLOADED)

    async def _look(self) -> None:
        engine = self._engine
        if engine is not None and engine.health() is not Health.READY:
            log.error("engine died", name=self.name)
            self.restarts += 1
            if self._clock.monotonic() - self._loaded_at > LONGEST_BACKOFF:
                self._backoff = 0.0
            self._set(State.FAILED, "the engine died and is being rebuilt")
            await self._discard()
        elif not self._in_use and (not self._wanted or self._idle()):
            self._wanted = False
            await self._unload()

    def _idle(self) -> bool:
        keep_alive = self.spec.keep_alive
        return keep_alive is not None and self._clock.monotonic() - self._last_used > keep_alive

    async def _load(self) -> None:
        self._set(State.LOADING)
        started = self._clock.monotonic()
        try:
            async with self._turn:
                engine = self._engine = self._build()
                await engine.start()
        except asyncio.CancelledError:
            await self._discard()
            raise
        except Exception as error:
            await self._discard()
            self._load_failed = True
            hopeless = isinstance(error, EngineMisconfigured)
            self._backoff = math.inf if hopeless else max(self._backoff, FIRST_BACKOFF)
            self._set(State.FAILED, str(error) or type(error).__name__)
            log.error("engine could not be loaded", name=self.name, error=self.error)
            return
        self._loaded_at = self._last_used = self._clock.monotonic()
        log.info("engine loaded", name=self.name, seconds=round(self._loaded_at - started, 1))
        self._loaded_before, self._load_failed = True, False
        self._set(State.READY)

    async def _unload(self) -> None:
        if self._engine is None:
            return
        self._set(State.UNLOADING)
        await self._discard()
        self._set(State.UNLOADED)

    async def _discard(self) -> None:
        engine, self._engine = self._engine, None
        if engine is None:
            return
        self._stopping = asyncio.ensure_future(engine.stop())
        try:
            await asyncio.shield(self._stopping)
        except Exception as error:
            log.error("engine did not stop cleanly", name=self.name, error=str(error))


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event, at most so long. Not `wait_for`: Python 3.11's can lose a cancellation."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(None if seconds == math.inf else seconds):
            await event.wait()
