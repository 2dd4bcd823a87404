"""A schema with a word that is not enforced is refused where it is read."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.catalog.loader import load_catalog
from fogbank.catalog.mistakes import CatalogError
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.dialects.workers_ai.validation import InputSchema
from fogbank.dialects.workers_ai.validation_compile import SchemaError
from fogbank.settings import package_data


@pytest.mark.parametrize(
    ("schema", "loc"),
    [
        ([], ()),
        ({"anyOf": []}, ("anyOf",)),
        ({"exclusiveMinimum": 1}, ("exclusiveMinimum",)),
        ({"$ref": "#"}, ("$ref",)),
        ({"type": ["string", "null"]}, ("type",)),
        ({"type": "text"}, ("type",)),
        ({"type": "string", "format": "uuid"}, ("format",)),
        ({"minimum": True}, ("minimum",)),
        ({"maxLength": -1}, ("maxLength",)),
        ({"minItems": 1.5}, ("minItems",)),
        ({"enum": []}, ("enum",)),
        ({"enum": [1]}, ("enum",)),
        ({"required": ["a", "a"]}, ("required",)),
        ({"required": "a"}, ("required",)),
        ({"pattern": "("}, ("pattern",)),
        ({"pattern": 1}, ("pattern",)),
        ({"oneOf": []}, ("oneOf",)),
        ({"oneOf": [{}, {"not": {}}]}, ("oneOf", 1, "not")),
        ({"items": []}, ("items",)),
        ({"properties": []}, ("properties",)),
        ({"properties": {"a": {"const": 1}}}, ("properties", "a", "const")),
        ({"additionalProperties": "no"}, ("additionalProperties",)),
        ({"type": "string", "x-accept-text-boolean": True}, ("x-accept-text-boolean",)),
    ],
)
def test_what_is_not_enforced_is_refused(schema: Any, loc: tuple[str | int, ...]) -> None:
    with pytest.raises(SchemaError) as caught:
        InputSchema(schema)
    assert [place for place, _ in caught.value.problems] == [loc]


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(SchemaError, match=r"not: this keyword .*; properties\.a\.type: expected"):
        InputSchema({"not": {}, "properties": {"a": {"type": "text"}}})


def test_keywords_leave_values_of_other_types_alone() -> None:
    schema = InputSchema(
        {
            "minimum": 5,
            "minLength": 2,
            "minItems": 2,
            "pattern": "^b",
            "items": {"type": "string"},
            "required": ["a"],
        }
    )
    kept: tuple[Any, ...] = (5, True, None, "bb", ["a", "b"], {"a": None})
    broken: tuple[Any, ...] = (4, 1.5, "b", "ab", ["a"], [1, 2], {})
    assert [value for value in kept if schema.validate(value)] == []
    assert [value for value in broken if not schema.validate(value)] == []


def test_the_packaged_schemas_are_those_of_the_cards_and_of_the_other_routes() -> None:
    cards = load_catalog(package_data(), None).cards.values()
    names = set(load_schemas(package_data(), None))
    others = {name for name in names if name.startswith("v1-")} | {"markdown-options"}
    assert names - others == {card.input for card in cards}
    assert len(others) == 6


def test_an_operator_adds_and_replaces_schemas(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "translation.json").write_text('{"type": "object", "required": ["q"]}')
    (folder / "mine.yaml").write_text("type: object\n")
    (folder / "notes.txt").write_text("not a schema")
    schemas = load_schemas(package_data(), tmp_path)
    assert schemas["translation"].validate({}) == ["required properties at '/' are 'q'"]
    assert schemas["mine"].validate({}) == []
    assert "notes" not in schemas
    assert schemas["reranking"].document["required"] == ["query", "contexts"]


def test_mistakes_of_all_files_are_told_with_their_lines(tmp_path: Path) -> None:
    folder = tmp_path / "schemas"
    folder.mkdir()
    (folder / "a.yaml").write_text("type: object\nproperties:\n  n:\n    multipleOf: 2\n")
    (folder / "b.yaml").write_text("type: [\n")
    with pytest.raises(CatalogError) as caught:
        load_schemas(package_data(), tmp_path)
    places = [(mistake.file.name, mistake.line, mistake.key) for mistake in caught.value.mistakes]
    assert places[0] == ("a.yaml", 4, "properties.n.multipleOf")
    assert places[1][0] == "b.yaml"
