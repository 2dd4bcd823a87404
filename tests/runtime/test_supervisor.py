"""Loads in the background, notices deaths, rebuilds with a back-off, unloads what is idle."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fogbank.catalog.profile import EngineSpec
from fogbank.clock import TurnedClock
from fogbank.engines.base import EngineMisconfigured, EngineUnavailable, Health
from fogbank.engines.fake import FakeEngine
from fogbank.runtime import supervisor as module
from fogbank.runtime.supervisor import State, Supervisor
from tests.server import until

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WATCH_INTERVAL", 0.005)
    monkeypatch.setattr(module, "FIRST_BACKOFF", 0.01)


class Shop:
    """Builds engines and keeps them; `trouble` is asked before each."""

    def __init__(self, trouble: Callable[[int, FakeEngine], None] | None = None) -> None:
        self.built: list[FakeEngine] = []
        self._trouble = trouble

    def __call__(self) -> FakeEngine:
        engine = FakeEngine("fake")
        self.built.append(engine)
        if self._trouble:
            self._trouble(len(self.built), engine)
        return engine


@asynccontextmanager
async def supervised(
    shop: Shop, clock: TurnedClock | None = None, **spec: Any
) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(
        "fake", EngineSpec.model_validate({"engine": "fake", **spec}), shop, clock or TurnedClock()
    )
    supervisor.start()
    try:
        yield supervisor
    finally:
        async with asyncio.timeout(2):
            await supervisor.stop()


def state(supervisor: Supervisor) -> State:
    return supervisor.state


async def test_it_loads_at_start_and_ends_the_engine() -> None:
    shop = Shop()
    async with supervised(shop) as supervisor:
        await supervisor.until_ready()
        assert supervisor.engine is shop.built[0]
    assert shop.built[0].health() is Health.STOPPED
    assert supervisor.engine is None


async def test_on_demand_it_waits_for_the_first_request() -> None:
    shop = Shop()
    async with supervised(shop, load="demand") as supervisor:
        await asyncio.sleep(0.02)
        assert shop.built == []
        async with supervisor.use() as engine:
            assert engine is shop.built[0]


async def test_a_death_is_noticed_at_once_and_mended() -> None:
    shop = Shop()
    async with supervised(shop) as supervisor:
        await supervisor.until_ready()
        shop.built[0].die()
        assert not supervisor.ready
        async with supervisor.use() as engine:
            assert engine is shop.built[1]
        assert supervisor.restarts == 1
        assert shop.built[0].health() is Health.STOPPED


async def test_an_engine_that_dies_again_and_again_is_given_pauses() -> None:
    shop, clock = Shop(), TurnedClock()
    async with supervised(shop, clock) as supervisor:
        pauses = []
        for death in range(4):
            await until(lambda death=death: len(shop.built) == death + 1 and supervisor.ready)
            pauses.append(supervisor._backoff)
            shop.built[-1].die()
        assert pauses == [0.0, 0.01, 0.02, 0.04]
        await until(lambda: supervisor.ready)
        clock.turn(module.LONGEST_BACKOFF + 1)
        shop.built[-1].die()
        await until(lambda: len(shop.built) == 6 and supervisor.ready)
        assert supervisor._backoff == 0.01


@pytest.mark.parametrize("where", ["build", "start"])
async def test_a_load_that_fails_is_told_and_tried_again(where: str) -> None:
    def trouble(number: int, engine: FakeEngine) -> None:
        if number <= 2 and where == "build":
            raise TypeError("no such option")
        if number <= 2:
            engine.fail_next_start(OSError("no such option"))

    shop = Shop(trouble)
    async with supervised(shop) as supervisor:
        await until(lambda: state(supervisor) is State.FAILED)
        assert "no such option" in (supervisor.error or "")
        with pytest.raises(EngineUnavailable, match="no such option"):
            async with supervisor.use():
                pass
        async with asyncio.timeout(2):
            await supervisor.until_ready()
        assert not supervisor.error


async def test_wrong_options_are_not_tried_again_until_somebody_asks() -> None:
    def trouble(number: int, engine: FakeEngine) -> None:
        if number <= 2:
            raise EngineMisconfigured("no such option")

    shop = Shop(trouble)
    async with supervised(shop) as supervisor:
        for tries in (1, 2):
            await until(lambda tries=tries: len(shop.built) == tries)
            await until(lambda: state(supervisor) is State.FAILED)
            await asyncio.sleep(0.05)
            assert len(shop.built) == tries
            with pytest.raises(EngineUnavailable, match="no such option"):
                async with supervisor.use():
                    pass
            supervisor.load()
        async with asyncio.timeout(2):
            await supervisor.until_ready()


async def test_asking_to_load_does_not_wait_out_the_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_BACKOFF", 3600.0)
    shop = Shop(lambda number, engine: engine.fail_next_start(OSError("x")) if number < 2 else None)
    async with supervised(shop) as supervisor:
        await until(lambda: state(supervisor) is State.FAILED)
        await asyncio.sleep(0.02)
        supervisor.load()
        async with asyncio.timeout(2):
            await supervisor.until_ready()


async def test_a_rebuild_that_fails_is_told_not_waited_for() -> None:
    shop = Shop(lambda number, engine: engine.fail_next_start(OSError("x")) if number > 1 else None)
    async with supervised(shop) as supervisor:
        await supervisor.until_ready()
        shop.built[0].die()
        async with asyncio.timeout(2):
            with pytest.raises(EngineUnavailable):
                async with supervisor.use():
                    pass


async def test_unloading_waits_for_who_uses_it() -> None:
    shop = Shop()
    async with supervised(shop) as supervisor:
        async with supervisor.use():
            supervisor.unload()
            await asyncio.sleep(0.03)
            assert supervisor.ready
        await until(lambda: state(supervisor) is State.UNLOADED)
        async with supervisor.use() as engine:
            assert engine is shop.built[1]
        await asyncio.sleep(0.02)
        assert supervisor.ready


async def test_unloading_while_somebody_waits_for_the_load() -> None:
    shop = Shop(lambda number, engine: engine.stall() if number == 1 else None)
    async with supervised(shop) as supervisor:
        await until(lambda: state(supervisor) is State.LOADING)

        async def use() -> None:
            async with supervisor.use():
                pass

        user = asyncio.create_task(use())
        await asyncio.sleep(0)
        supervisor.unload()
        shop.built[0].release()
        async with asyncio.timeout(2):
            await user
        await until(lambda: state(supervisor) is State.UNLOADED)


async def test_idle_engines_go_and_come_back() -> None:
    shop, clock = Shop(), TurnedClock()
    async with supervised(shop, clock, keep_alive=30) as supervisor:
        await supervisor.until_ready()
        clock.turn(29)
        await asyncio.sleep(0.03)
        assert supervisor.ready
        clock.turn(2)
        await until(lambda: state(supervisor) is State.UNLOADED)
        assert supervisor.available
        async with supervisor.use() as engine:
            clock.turn(1000)
            await asyncio.sleep(0.03)
            assert engine.health() is Health.READY


async def test_stopping_while_it_loads_ends_the_engine() -> None:
    shop = Shop(lambda number, engine: engine.stall())
    async with supervised(shop) as supervisor:
        await until(lambda: state(supervisor) is State.LOADING)
    assert shop.built[0].health() is Health.STOPPED


async def test_stopping_waits_for_an_engine_that_is_being_discarded() -> None:
    slow, ended = asyncio.Event(), asyncio.Event()

    class Slow(FakeEngine):
        async def stop(self) -> None:
            slow.set()
            await asyncio.sleep(0.05)
            ended.set()

    engine = Slow("fake")
    supervisor = Supervisor("fake", EngineSpec(engine="fake"), lambda: engine, TurnedClock())
    supervisor.start()
    await supervisor.until_ready()
    engine.die()
    await slow.wait()
    await supervisor.stop()
    assert ended.is_set()


async def test_stopping_never_loses_the_cancellation() -> None:
    """Python 3.11's wait_for swallows a cancellation that comes with the event it waits for."""
    for _ in range(20):
        async with supervised(Shop()) as supervisor:
            await supervisor.until_ready()
