"""A server with all deployments on fake engines, in the place of the embedded profile's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fogbank.catalog.catalog import Catalog
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.profile import EngineSpec, Profile
from fogbank.deployments.description import load_descriptions
from fogbank.engines.fake import FakeEngine
from fogbank.engines.fake_answers import echo
from fogbank.settings import package_data
from fogbank.tasks import TextGenerationRequest
from tests.deployments.energygenius.genius import writes
from tests.server import Builder, Running, live, running, settings


class Wordy(Builder):
    """Its text engine writes words where a schema wants words."""

    def __call__(self, name: str, spec: EngineSpec) -> FakeEngine:
        text = spec.task == "Text Generation"
        engine = FakeEngine(name, answer=worded) if text else FakeEngine(name)
        self.built.setdefault(name, []).append(engine)
        return engine


def worded(request: TextGenerationRequest) -> str:
    """Words where the schema has a pattern for them, else its smallest instance."""
    constraint = request.constraint
    return writes(request) if constraint and "pattern" in constraint.text else echo(request)


def faked(catalog: Catalog) -> Profile:
    """The embedded profile, each engine of it a fake one of the same task."""
    real = catalog.profiles["embedded"]
    engines = {
        name: EngineSpec(engine="fake", task=spec.task) for name, spec in real.engines.items()
    }
    return real.model_copy(update={"engines": engines})


@asynccontextmanager
async def premises(data_dir: Path, **given: Any) -> AsyncIterator[tuple[Running, str]]:
    """The server and its address. `given` are settings."""
    catalog = load_catalog(package_data())
    profile, described = faked(catalog), load_descriptions(package_data())
    config = settings(data_dir, **given)
    async with running(
        config, profile, builder=Wordy(), cards=catalog, deployments=described
    ) as fogbank:
        async with live(fogbank.server) as url:
            yield fogbank, url
