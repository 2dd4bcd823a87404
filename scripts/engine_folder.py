"""Prints the folder of a profile's engine, its weights pulled first where they are missing.

python scripts/engine_folder.py embedded smollm2
"""

import sys

from fogbank.catalog.loader import load_catalog
from fogbank.settings import Settings, package_data
from fogbank.weights.lock import engine_folder
from fogbank.weights.progress import silent
from fogbank.weights.pull import pull
from fogbank.weights.store import WeightsStore


def main() -> None:
    """Two arguments: profile and engine."""
    name, engine = sys.argv[1:3]
    data_dir = Settings().data_dir
    store = WeightsStore(data_dir)
    profile = load_catalog(package_data(), data_dir).profiles[name]
    if engine_folder(profile, engine, store) is None:
        pull(profile, store, package_data=package_data(), progress=silent, engines={engine})
    print(engine_folder(profile, engine, store))


if __name__ == "__main__":
    main()
