from pathlib import Path

import jsonschema_rs
import pytest
import yaml

from fogbank.catalog.schema import SCHEMAS, schema_text, write_schemas
from fogbank.settings import package_data
from tests.catalog.conftest import CARD, PROFILE


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_published_schema_is_up_to_date(name: str) -> None:
    published = (package_data() / name).read_text(encoding="utf-8")
    assert published == schema_text(SCHEMAS[name]), "run `python -m fogbank.catalog.schema`"


def test_schemas_are_written(tmp_path: Path) -> None:
    write_schemas(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == set(SCHEMAS)


@pytest.mark.parametrize(
    ("name", "text"), [("card.schema.json", CARD), ("profile.schema.json", PROFILE)]
)
def test_an_editor_accepts_what_the_loader_accepts(name: str, text: str) -> None:
    validator = jsonschema_rs.Draft202012Validator(schema_text(SCHEMAS[name]))
    assert validator.is_valid(yaml.safe_load(text))
    assert not validator.is_valid(yaml.safe_load(text) | {"nonsense": 1})


def test_an_editor_knows_the_three_kinds_of_weights() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema_text(SCHEMAS["profile.schema.json"]))
    profile = yaml.safe_load(PROFILE)
    for weights, good in [({"hub": "a/b"}, True), ({"folder": "x"}, True), ({"hubb": "x"}, False)]:
        profile["engines"]["one"]["weights"] = weights
        assert validator.is_valid(profile) is good


def test_an_editor_knows_what_an_answer_in_a_given_form_may_hold() -> None:
    validator = jsonschema_rs.Draft202012Validator(schema_text(SCHEMAS["profile.schema.json"]))
    profile = yaml.safe_load(PROFILE)
    for limits, good in [
        ({"length": 9, "items": 2}, True),
        ({"length": 0}, False),
        ({"a": 1}, False),
    ]:
        for name in ("tool_calls", "json_mode"):
            profile["engines"]["one"][name] = limits
            assert validator.is_valid(profile) is good
