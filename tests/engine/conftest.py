"""Real weights and real vLLM. The engine is started once for all tests of a module."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from fogbank.catalog.loader import load_catalog
from fogbank.engines.vllm import VllmEngine
from fogbank.settings import Settings, package_data
from fogbank.weights.progress import silent
from fogbank.weights.pull import pull
from fogbank.weights.store import WeightsStore

OPTIONS = {"max_model_len": 2048, "max_num_seqs": 32}


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The folder of the embedded instruct model: FOGBANK_TEST_MODEL, else pulled where missing."""
    if folder := os.environ.get("FOGBANK_TEST_MODEL"):
        return Path(folder)
    profile = load_catalog(package_data()).profiles["embedded"]
    store = WeightsStore(Settings().data_dir)
    report = pull(profile, store, package_data=package_data(), progress=silent, engines={"smollm2"})
    return report.pulled[0].folder


@pytest.fixture(scope="module")
async def engine(smollm2: Path, anyio_backend: str) -> AsyncIterator[VllmEngine]:
    """SmolLM2 in a real vLLM; a test may kill it if it is the last of its module."""
    if find_spec("vllm") is None:
        pytest.skip("needs an extra with vLLM: cpu or gpu")
    engine = VllmEngine("smollm2", smollm2, options=OPTIONS)
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """What vLLM leaves to the garbage collector complains here, not in a later test."""
    yield
    gc.collect()
