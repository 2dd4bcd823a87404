"""Raw bytes, arrays of bytes, and a type that another error speaks of (contract 1.1, 2.1)."""

from typing import Any

import pytest

from fogbank.dialects.workers_ai.validation import InputSchema
from fogbank.dialects.workers_ai.validation_compile import SchemaError

OCTETS = {"type": "array", "x-octets": True, "items": {"type": "number"}}


@pytest.mark.parametrize(
    ("value", "valid"), [(b"", True), (b"\xff", True), ("text", False), ({}, False), (None, False)]
)
def test_only_bytes_are_binary(value: Any, valid: bool) -> None:
    schema = InputSchema({"type": "string", "format": "binary"})
    assert (schema.validate(value) == []) is valid


def test_bytes_are_no_text_and_are_called_string() -> None:
    assert InputSchema({"type": "string"}).validate(b"a") != []
    (part,) = InputSchema({"type": "object"}).validate(b"a")
    assert part == "Type mismatch of '/', 'object' not in 'string'"


@pytest.mark.parametrize("value", [[], [0, 255], [1.0], [300], {}, {"0": 1, "1": 2.5}])
def test_arrays_of_numbers(value: Any) -> None:
    assert InputSchema(OCTETS).validate(value) == []


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ([1, None], "Type mismatch of '/1', 'number' not in 'null'"),
        ([False], "Type mismatch of '/0', 'number' not in 'boolean'"),
        ({"0": "a"}, "Type mismatch of '/0', 'number' not in 'string'"),
        ("AA==", "Type mismatch of '/', 'array' not in 'string'"),
    ],
)
def test_what_is_no_array_of_numbers(value: Any, part: str) -> None:
    assert InputSchema(OCTETS).validate(value) == [part]


def test_a_type_that_is_told_but_not_enforced() -> None:
    assert InputSchema({"type": "string", "x-any-type": True}).validate([1]) == []


@pytest.mark.parametrize(
    ("schema", "key"),
    [
        ({"type": "string", "format": "date"}, "format"),
        ({"type": "object", "format": "binary"}, "format"),
        ({"type": "string", "x-octets": True}, "x-octets"),
    ],
)
def test_schemas_that_mean_nothing(schema: dict[str, Any], key: str) -> None:
    with pytest.raises(SchemaError, match=key):
        InputSchema(schema)
