"""The folders of the embedded profile's engines, pulled into this machine's data directory."""

from functools import cache
from pathlib import Path

from fogbank.catalog.loader import load_catalog
from fogbank.settings import Settings, package_data
from fogbank.weights.lock import engine_folder
from fogbank.weights.progress import silent
from fogbank.weights.pull import pull
from fogbank.weights.store import WeightsStore

DATA = Path(__file__).parents[1] / "data"


@cache
def folder(engine: str) -> Path:
    """Where the weights of an engine of the profile lie."""
    profile = load_catalog(package_data()).profiles["embedded"]
    store = WeightsStore(Settings().data_dir)
    if engine_folder(profile, engine, store) is None:
        pull(profile, store, package_data=package_data(), progress=silent, engines={engine})
    found = engine_folder(profile, engine, store)
    assert found is not None
    return found
