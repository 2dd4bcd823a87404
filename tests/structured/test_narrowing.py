"""Bounds: what is narrower for small models, and still of the schema."""

import json
from typing import Any

import pytest

from fogbank.structured.constraint import build
from fogbank.structured.narrowing import NO_BOUNDS, Bounds, bound
from fogbank.structured.verification import Verifier
from tests.structured.constrained import accepts, compact

BOUNDS = Bounds(10, 2)
TERSE = Bounds(10, 2, terse=True)
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name"],
}


def bounded(schema: Any, bounds: Bounds = BOUNDS) -> dict[str, Any]:
    return build(schema, bounds).schema


def allows(schema: Any, value: Any, bounds: Bounds = BOUNDS) -> bool:
    """Whether it may be written; what may be is always of the schema."""
    text = json.dumps({**bounded(schema, bounds), "x-guidance": {"whitespace_flexible": False}})
    allowed = accepts(text, compact(value))
    assert not allowed or Verifier(schema).problem_of(value) is None
    return allowed


def test_without_bounds_nothing_changes() -> None:
    schema = {"type": "string"}
    bound(schema, NO_BOUNDS)
    assert schema == {"type": "string"}


def test_texts_and_lists_end() -> None:
    assert bounded({"type": "string"}) == {"type": "string", "maxLength": 10}
    assert bounded({"type": "array", "items": {"const": 1}})["maxItems"] == 2


def test_a_limit_of_the_schema_stays_unless_terse() -> None:
    schema = {"type": "string", "maxLength": 50}
    assert bounded(schema)["maxLength"] == 50
    assert bounded(schema, TERSE)["maxLength"] == 10
    assert bounded({"type": "string", "maxLength": 5}, TERSE)["maxLength"] == 5


def test_what_the_schema_needs_stays_possible() -> None:
    assert bounded({"type": "string", "minLength": 40})["maxLength"] == 40
    assert bounded({"type": "array", "minItems": 5})["maxItems"] == 5
    assert bounded({"type": "array", "prefixItems": [{}, {}, {}]})["maxItems"] == 3


def test_a_pattern_or_format_has_its_own_length() -> None:
    assert bounded({"type": "string", "pattern": "^a{50}$"})["maxLength"] == 64
    assert bounded({"type": "string", "format": "uuid"}, TERSE)["maxLength"] == 64


@pytest.mark.parametrize(
    ("schema", "low", "high"),
    [
        ({}, -1_000_000, 1_000_000),
        ({"minimum": 5_000_000}, 5_000_000, 6_000_000),
        ({"maximum": -5_000_000}, -6_000_000, -5_000_000),
        ({"exclusiveMinimum": 1}, None, 1_000_001),
        ({"minimum": 1, "maximum": 2}, 1, 2),
    ],
)
def test_numbers_have_few_digits(schema: Any, low: int | None, high: int) -> None:
    found = bounded({"type": "number", **schema})
    assert (found.get("minimum"), found["maximum"]) == (low, high)


def test_an_object_that_lists_its_properties_has_no_others() -> None:
    assert allows(PERSON, {"name": "Ada", "age": 36})
    assert not allows(PERSON, {"name": "Ada", "born": 1815})
    assert allows({**PERSON, "additionalProperties": True}, {"name": "Ada", "born": 1815})


def test_what_is_required_and_not_listed_is_possible() -> None:
    assert allows({**PERSON, "required": ["name", "born"]}, {"name": "Ada", "born": 1815})


def test_what_is_required_by_name_is_held_to_its_pattern() -> None:
    schema = {
        "type": "object",
        "patternProperties": {"^n": {"type": "number"}},
        "required": ["n1"],
    }
    assert allows(schema, {"n1": 1})
    assert not allows(schema, {"n1": "x"})


def test_an_object_of_any_properties_has_few() -> None:
    assert allows({"type": "object"}, {"a": 1, "b": [{"c": "x"}]})
    assert not allows({"type": "object"}, {"a": 1, "b": 2, "c": 3})


def test_any_value_is_a_simple_one() -> None:
    assert allows({}, "x")
    assert allows({}, None)
    assert not allows({}, {"a": 1})
    assert not allows({}, "x" * 11)


def test_a_type_that_is_only_hinted_at_is_meant() -> None:
    assert allows({"properties": {"a": {"const": 1}}}, {"a": 1})
    assert not allows({"properties": {"a": {"const": 1}}}, "x")
    assert not allows({"minItems": 1}, "x")


def test_terse_leaves_out_what_is_not_required() -> None:
    assert allows(PERSON, {"name": "Ada"}, TERSE)
    assert not allows(PERSON, {"name": "Ada", "age": 36}, TERSE)
    larger = {**PERSON, "minProperties": 2}
    assert allows(larger, {"name": "Ada", "age": 36}, TERSE)


def test_terse_what_is_required_and_not_listed_is_held_to_what_others_are() -> None:
    schema = {**PERSON, "required": ["born"], "additionalProperties": {"type": "integer"}}
    assert allows(schema, {"born": 1815}, TERSE)
    assert not allows(schema, {"born": "1815"}, TERSE)


def test_terse_values_have_no_levels() -> None:
    assert not allows({"type": "array"}, [[]], TERSE)
    assert allows({"type": "array"}, [[]])


TERSE_READINGS: dict[str, tuple[Any, Any, Any]] = {
    "uniqueItems": ({"type": "array", "uniqueItems": True}, [1], [1, 1]),
    "contains": ({"type": "array", "contains": {"const": 1}}, [1], [2]),
    "minContains": ({"type": "array", "contains": {"const": 1}, "minContains": 2}, [1, 1], [1]),
    "if": (
        {
            "type": "object",
            "properties": {"a": {"const": 1}, "b": {"const": 2}},
            "if": {"required": ["a"]},
            "then": {"required": ["b"]},
        },
        {"a": 1, "b": 2},
        {"a": 1},
    ),
    "dependentRequired": (
        {
            "type": "object",
            "properties": {"a": {"const": 1}, "b": {"const": 2}, "c": {"const": 3}},
            "required": ["a"],
            "dependentRequired": {"a": ["b"], "b": ["c"]},
        },
        {"a": 1, "b": 2, "c": 3},
        {"a": 1, "b": 2},
    ),
    "multipleOf": ({"type": "integer", "multipleOf": 7}, 14, 15),
    "format json-pointer": ({"type": "string", "format": "json-pointer"}, "/a", "a"),
    "format idn-email": ({"type": "string", "format": "idn-email"}, "a@b.org", "a"),
}


@pytest.mark.parametrize("keyword", TERSE_READINGS)
def test_terse_holds_to_what_else_is_verified_only(keyword: str) -> None:
    schema, right, wrong = TERSE_READINGS[keyword]
    assert keyword in build(schema).after
    assert allows(schema, right, TERSE)
    assert not allows(schema, wrong, TERSE)
