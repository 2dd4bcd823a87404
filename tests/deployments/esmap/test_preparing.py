import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from fogbank import errors
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.card import load_cards
from fogbank.deployments.esmap.model import Loaded
from fogbank.deployments.esmap.preparing import Preparing
from fogbank.errors import AIError
from fogbank.runtime.runtime import Runtime
from fogbank.settings import package_data
from fogbank.tasks import TextEmbeddingsRequest
from tests.deployments.esmap.runtimes import fake_runtime

pytestmark = pytest.mark.anyio

CARDS = load_cards(package_data())


@dataclass
class Plain:
    """A model that has nothing to prepare."""

    def check(self, input: Any, options: Any) -> None:
        return

    async def infer(self, input: Any, options: Any, call: Any) -> dict[str, Any]:
        return {}


@dataclass
class Slow(Plain):
    """One that waits for its engine until it is released."""

    error: Exception | None = None
    released: asyncio.Event = field(default_factory=asyncio.Event)
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    done: bool = False

    async def prepare(self, runtime: Runtime) -> None:
        self.asked.set()
        await self.released.wait()
        if self.error:
            raise self.error
        self.done = True


def active(**models: Plain) -> Active:
    found = Active(CARDS.values())
    for id, model in models.items():
        card = CARDS[id.replace("_", "-")]
        found.swap(Loaded(card, card.version, model, ""))
    return found


@pytest.mark.parametrize("error", [AIError(errors.UPSTREAM), ZeroDivisionError()])
async def test_each_model_is_prepared_in_the_background_and_one_failure_is_no_others(
    error: Exception,
) -> None:
    failing, fine = Slow(error=error), Slow()
    async with fake_runtime(()) as (runtime, _):
        models = active(climate_bert=failing, energy_qa=Plain(), energy_ner=fine)
        preparing = Preparing(models, runtime)
        await preparing.start()
        await asyncio.wait_for(failing.asked.wait(), 5)
        failing.released.set()
        fine.released.set()
        await asyncio.wait_for(fine.asked.wait(), 5)
        await asyncio.sleep(0)
        assert fine.done
        await preparing.stop()


async def test_it_ends_with_the_server_while_it_waits() -> None:
    waiting = Slow()
    async with fake_runtime(()) as (runtime, _):
        preparing = Preparing(active(climate_bert=waiting), runtime)
        await preparing.start()
        await asyncio.wait_for(waiting.asked.wait(), 5)
        await preparing.stop()
    assert not waiting.done


async def test_stopped_without_a_start() -> None:
    async with fake_runtime(()) as (runtime, _):
        await Preparing(active(), runtime).stop()


async def test_the_models_of_texts_embed_what_they_compare_with() -> None:
    from fogbank.deployments.esmap.service import packaged

    found = Active(CARDS.values())
    for id in ("climate-bert", "energy-ner", "energy-summarizer"):
        found.swap(packaged(CARDS[id]))
    async with fake_runtime(("minilm",)) as (runtime, fakes):
        preparing = Preparing(found, runtime)
        await preparing.start()
        async with asyncio.timeout(10):
            while len(fakes["minilm"].requests) < 2:
                await asyncio.sleep(0.001)
        await preparing.stop()
        asked = fakes["minilm"].requests
    # One file of topics is climate-bert's, one is shared by the others.
    assert len(asked) == 2
    assert all(isinstance(each, TextEmbeddingsRequest) for each in asked)
