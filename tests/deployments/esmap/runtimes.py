"""Runtimes in process: the embedded profile's small models, and fake engines under their names."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar

from fogbank.catalog.catalog import resolve_profile
from fogbank.catalog.loader import load_catalog
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import load_cards
from fogbank.deployments.esmap.model import Model, build_model
from fogbank.deployments.esmap.service import packaged_file
from fogbank.engines.base import Engine
from fogbank.engines.factory import build_engine
from fogbank.engines.fake import FakeEngine
from fogbank.runtime.runtime import Runtime
from fogbank.runtime.supervisor import Supervisor
from fogbank.settings import package_data
from fogbank.telemetry.metrics import Metrics
from tests.engines import packaged

SMALL = ("minilm", "sentiment-minilm", "ner-minilm")
T = TypeVar("T")
LABELS = ("NEGATIVE", "POSITIVE")
Build = Callable[[str], Engine]


@asynccontextmanager
async def packaged_runtime(engines: Collection[str] = SMALL) -> AsyncIterator[Runtime]:
    """The embedded profile's engines of these names, ready; what it serves with them."""
    specs = load_catalog(package_data()).profiles["embedded"].engines

    def build(name: str) -> Engine:
        return build_engine(name, specs[name], packaged.folder(name))

    async with _runtime("embedded", engines, build) as runtime:
        yield runtime


@asynccontextmanager
async def fake_runtime(
    engines: Collection[str] = SMALL,
    profile: str = "embedded",
    labels: Mapping[str, tuple[str, ...]] | None = None,
) -> AsyncIterator[tuple[Runtime, dict[str, FakeEngine]]]:
    """A profile's engines of these names, played by fake ones, which come with it by name.

    `labels` are those of a classifier, by its engine's name.
    """
    fakes = {name: FakeEngine(name, labels=(labels or {}).get(name, LABELS)) for name in engines}
    async with _runtime(profile, engines, fakes.__getitem__) as runtime:
        yield runtime, fakes


class Bench:
    """The models of ESMAP's packaged cards on one runtime, asked without a server."""

    def __init__(self, runner: asyncio.Runner, runtime: Runtime) -> None:
        self.runtime = runtime
        self.cards = load_cards(package_data())
        self._runner = runner
        self._models: dict[str, Model] = {}

    def model(self, id: str) -> Model:
        """The model of a card, built once."""
        if id not in self._models:
            card = self.cards[id]
            self._models[id] = build_model(card, card.config, packaged_file)
        return self._models[id]

    def infer(self, id: str, input: Any, options: Mapping[str, Any] | None = None) -> Any:
        """The inner result, after the check. Raises InvalidInput."""
        self.model(id).check(input, options or {})
        call = Call(runtime=self.runtime, deadline=60)
        return self._runner.run(self.model(id).infer(input, options or {}, call))


@contextmanager
def packaged_bench() -> Iterator[Bench]:
    """A bench on the embedded profile's small models."""
    with _opened(packaged_runtime()) as (runner, runtime):
        yield Bench(runner, runtime)


@contextmanager
def fake_bench(
    engines: Collection[str] = SMALL,
    profile: str = "embedded",
    labels: Mapping[str, tuple[str, ...]] | None = None,
) -> Iterator[tuple[Bench, dict[str, FakeEngine]]]:
    """A bench on fake engines, and these, as `fake_runtime` has them."""
    with _opened(fake_runtime(engines, profile, labels)) as (runner, (runtime, fakes)):
        yield Bench(runner, runtime), fakes


@contextmanager
def _opened(context: AbstractAsyncContextManager[T]) -> Iterator[tuple[asyncio.Runner, T]]:
    with asyncio.Runner() as runner:
        opened = runner.run(_enter(context))
        try:
            yield runner, opened
        finally:
            runner.run(_exit(context))


async def _enter(context: AbstractAsyncContextManager[T]) -> T:
    return await context.__aenter__()


async def _exit(context: AbstractAsyncContextManager[Any]) -> None:
    await context.__aexit__(None, None, None)


@asynccontextmanager
async def _runtime(profile: str, engines: Collection[str], build: Build) -> AsyncIterator[Runtime]:
    catalog = load_catalog(package_data())
    specs = catalog.profiles[profile].engines
    resolved = resolve_profile(catalog.profiles[profile], catalog)
    served = {name: item for name, item in resolved.items() if item.engine in engines}
    supervisors = {name: Supervisor(name, specs[name], partial(build, name)) for name in engines}
    for supervisor in supervisors.values():
        supervisor.start()
    try:
        for supervisor in supervisors.values():
            await supervisor.until_ready()
        yield Runtime(catalog, served, supervisors, Metrics())
    finally:
        for supervisor in supervisors.values():
            await supervisor.stop()
