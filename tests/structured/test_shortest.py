"""How many characters the shortest answer has."""

import json
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.narrowing import Bounds
from fogbank.structured.preparation import prepare_schema
from fogbank.structured.shortest import MANY, shortest
from tests.structured.constrained import written
from tests.structured.family import documents

SIZES: list[tuple[dict[str, Any], int]] = [
    ({}, 1),
    ({"type": "integer"}, 1),
    ({"type": "boolean"}, 4),
    ({"type": "string"}, len('""')),
    ({"type": "string", "minLength": 5}, len('"abcde"')),
    ({"type": ["string", "null"]}, len('""')),
    ({"const": {"a": [1]}}, len('{"a":[1]}')),
    ({"enum": ["abc", "a", None]}, len('"a"')),
    ({"type": "array", "minItems": 2, "items": {"type": "null"}}, len("[null,null]") + 1),
    ({"type": "object", "properties": {"a": {"type": "string"}}}, len("{}")),
    ({"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
     len('{"a":""}') + 1),
    ({"anyOf": [{"const": "long"}, {"const": 1}]}, 1),
    ({"allOf": [{"type": "string"}, {"minLength": 1, "type": "string"}]}, len('"a"')),
    ({"$ref": "#/$defs/0", "$defs": {"0": {"const": "abc"}}}, len('"abc"')),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "size"), SIZES, ids=[str(schema) for schema, _ in SIZES])
def test_sizes(schema: dict[str, Any], size: int) -> None:
    assert shortest(schema) == size


def test_what_holds_itself_ends() -> None:
    node = {
        "type": "object",
        "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/0"}]}},
        "required": ["next"],
    }
    assert shortest({"$ref": "#/$defs/0", "$defs": {"0": node}}) == len('{"next":null}') + 1


def test_what_never_ends_is_very_long() -> None:
    node = {"type": "object", "properties": {"n": {"$ref": "#/$defs/0"}}, "required": ["n"]}
    assert shortest({"$ref": "#/$defs/0", "$defs": {"0": node}}) == MANY


@settings(deadline=None, derandomize=True, database=None)
@given(documents(), st.integers(0, 9))
def test_about_what_an_answer_takes_at_least(schema: Any, seed: int) -> None:
    """One for each comma is counted too much."""
    try:
        made = prepare_schema(schema, "llguidance", [Bounds()])
    except UnusableSchema:
        assume(False)
    text = written(made.constraints[0], seed)
    if text is not None:
        commas = text.count(",") + text.count("}") + text.count("]")
        assert made.shortest <= len(json.dumps(json.loads(text), ensure_ascii=False)) + commas
