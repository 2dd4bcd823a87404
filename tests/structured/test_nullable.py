"""OpenAPI's `nullable` becomes a type, and nothing else changes."""

from typing import Any

import pytest
from hypothesis import given

from fogbank.structured.nullable import with_nulls
from tests.structured.family import documents

TEXT = {"type": "string", "nullable": True}
NULL = {"type": ["string", "null"], "nullable": True}


def test_null_is_among_its_types() -> None:
    assert with_nulls(TEXT) == NULL


def test_null_is_among_its_values() -> None:
    enum = {"type": "string", "enum": ["a"], "nullable": True}
    assert with_nulls(enum) == {**NULL, "enum": ["a", None]}
    assert with_nulls({**enum, "enum": ["a", None]})["enum"] == ["a", None]


@pytest.mark.parametrize(
    "within",
    [
        lambda inner: {"properties": {"a": inner, "b": {}}},
        lambda inner: {"$defs": {"a": inner}},
        lambda inner: {"definitions": {"a": inner}},
        lambda inner: {"items": inner},
        lambda inner: {"items": [inner, True]},
        lambda inner: {"prefixItems": [inner]},
        lambda inner: {"anyOf": [{"type": "integer"}, inner]},
        lambda inner: {"additionalProperties": {"allOf": [inner]}},
    ],
)
def test_wherever_a_schema_stands(within: Any) -> None:
    assert with_nulls(within(TEXT)) == within(NULL)


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {"type": "string", "nullable": False},
        {"nullable": True},
        {"type": ["string", "null"], "nullable": True},
        {"properties": {"nullable": {"type": "boolean"}}},
        {"const": {"type": "string", "nullable": True}},
        {"default": {"type": "string", "nullable": True}},
    ],
    ids=str,
)
def test_what_is_not_nullable_is_the_same_object(schema: Any) -> None:
    assert with_nulls(schema) is schema


@given(documents())
def test_once_is_enough(schema: Any) -> None:
    once = with_nulls(schema)
    assert with_nulls(once) is once
