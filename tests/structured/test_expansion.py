"""What a schema grows to when its references are followed."""

from typing import Any

import pytest

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.expansion import is_recursive

TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
}


def ladder(steps: int, twice: Any) -> Any:
    """Definitions each of which refers to the next as `twice` has it."""
    rungs = {f"d{at}": twice({"$ref": f"#/$defs/d{at + 1}"}) for at in range(steps)}
    return {"$ref": "#/$defs/d0", "$defs": {**rungs, f"d{steps}": {"type": "string"}}}


@pytest.mark.parametrize(
    "schema",
    [
        TREE,
        {"$ref": "#/$defs/t", "$defs": {"t": {"properties": {"next": {"$ref": "#/$defs/t"}}}}},
        {"anyOf": [{"type": "null"}, {"items": {"$ref": "#"}}]},
    ],
)
def test_what_contains_itself(schema: Any) -> None:
    assert is_recursive(schema)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"$defs": {"unused": {"items": {"$ref": "#/$defs/unused"}}}},
        {"properties": {name: {"$ref": "#/$defs/a"} for name in "xyz"}, "$defs": {"a": {}}},
        {"properties": {"$ref": {"type": "string"}}},
        {"$schema": "http://json-schema.org/draft-07/schema#", "$ref": "#/definitions/a",
         "items": {"$ref": "#"}, "definitions": {"a": {}}},
    ],
)  # fmt: skip
def test_what_does_not(schema: Any) -> None:
    assert not is_recursive(schema)


LOOPS = [
    {"$ref": "#"},
    {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
    {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}},
    *({key: [{"$ref": "#"}]} for key in ("allOf", "anyOf", "oneOf")),
    *({key: {"$ref": "#"}} for key in ("not", "if", "then", "else")),
    {"dependentSchemas": {"a": {"$ref": "#"}}},
]


@pytest.mark.parametrize("schema", LOOPS, ids=str)
def test_a_loop_without_a_step_into_the_value(schema: Any) -> None:
    with pytest.raises(UnusableSchema, match="refers to itself by '#"):
        is_recursive(schema)


TWICE = {
    "allOf": lambda next_: {"allOf": [next_, next_]},
    "anyOf": lambda next_: {"anyOf": [next_, next_]},
    "properties": lambda next_: {"properties": {"a": next_, "b": next_}},
}


@pytest.mark.parametrize("twice", TWICE.values(), ids=TWICE)
def test_what_doubles_with_every_reference(twice: Any) -> None:
    assert not is_recursive(ladder(10, twice))
    with pytest.raises(UnusableSchema, match="grows to more than 100000 schemas"):
        is_recursive(ladder(30, twice))


def test_a_chain_longer_than_the_stack() -> None:
    assert not is_recursive(ladder(100, lambda next_: {"items": next_}))
    with pytest.raises(UnusableSchema, match="too many references within references"):
        is_recursive(ladder(5_000, lambda next_: {"items": next_}))
