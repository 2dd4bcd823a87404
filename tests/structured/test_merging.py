"""`allOf` of plain objects becomes one object; all else stays as it is."""

from typing import Any

import pytest

from fogbank.structured.merging import merged
from fogbank.structured.references import HOME, References

NAMED = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
AGED = {"properties": {"age": {"type": "integer"}}, "required": ["age"]}
BOTH = {
    "type": "object",
    "properties": {**NAMED["properties"], **AGED["properties"]},  # type: ignore[dict-item]
    "required": ["name", "age"],
}


def of(schema: Any, *, draft: int = 2020) -> Any:
    return merged(schema, HOME, References(schema, draft=draft))[0]


def test_parts_come_in_order() -> None:
    assert of({"allOf": [NAMED, AGED]}) == BOTH
    assert list(of({"allOf": [AGED, NAMED]})["properties"]) == ["age", "name"]


def test_inheritance() -> None:
    schema = {"allOf": [{"$ref": "#/$defs/base"}, AGED], "$defs": {"base": NAMED}}
    assert of(schema) == BOTH


def test_what_stands_beside_and_within() -> None:
    assert of({**NAMED, "allOf": [{"allOf": [AGED]}]}) == BOTH


def test_a_property_of_both_is_held_to_both() -> None:
    one, other = {"minLength": 1}, {"maxLength": 9}
    schema = {"allOf": [{"properties": {"a": one}}, {"properties": {"a": other}}]}
    assert of(schema)["properties"] == {"a": {"allOf": [one, other]}}
    same = {"allOf": [{"properties": {"a": one}}, {"properties": {"a": dict(one)}}]}
    assert of(same)["properties"] == {"a": one}


def test_of_old_nothing_counts_beside_a_reference() -> None:
    schema = {"allOf": [{"$ref": "#/definitions/a", **AGED}], "definitions": {"a": NAMED}}
    assert of(schema, draft=7) == NAMED
    assert of(schema) == BOTH


@pytest.mark.parametrize(
    "part",
    [
        True,
        {"additionalProperties": False},
        {"anyOf": [{}]},
        {"if": {}},
        {"minProperties": 1},
        {"nullable": True, "type": "object"},
        {"type": "string"},
        {"type": ["object", "null"]},
        {"$ref": "#/$defs/missing"},
        {"$dynamicRef": "#x"},
        {"$id": "elsewhere", "properties": {"a": {"$ref": "#"}}},
    ],
    ids=str,
)
def test_what_is_not_plain_stays(part: Any) -> None:
    schema = {"allOf": [NAMED, part]}
    assert of(schema) is schema


def test_what_is_long_stays() -> None:
    schema = {"allOf": [AGED] * 100}
    assert of(schema) is schema
