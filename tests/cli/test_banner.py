import json

import pytest

from fogbank.catalog.catalog import resolve_profile
from fogbank.catalog.loader import load_catalog
from fogbank.cli.banner import _BODIES
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.settings import package_data


@pytest.mark.parametrize("task", _BODIES)
def test_an_example_is_a_valid_input_of_every_served_model_of_its_task(task: str) -> None:
    schemas, catalog = load_schemas(package_data(), None), load_catalog(package_data())
    cards = {
        name: served.card
        for profile in catalog.profiles.values()
        for name, served in resolve_profile(profile, catalog).items()
        if served.card.task == task
    }
    assert cards
    for name, card in cards.items():
        assert schemas[card.input].validate(json.loads(_BODIES[task])) == [], name
