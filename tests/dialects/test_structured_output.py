"""What the dialects share about structured output."""

from dataclasses import replace
from typing import Any

import pytest

from fogbank import errors
from fogbank.dialects.structured_output import beside_usage, header, json_format, unwrapped
from fogbank.errors import AIError
from fogbank.tasks import JsonFormat, TextChunk
from tests.dialects.proof import EVIDENCE, proven
from tests.server import NO_JSON, TEXT, catalog

CARDS = catalog().cards
SCHEMA = {"type": "object"}


@pytest.mark.contract("3.4")
@pytest.mark.parametrize(
    ("kind", "schema", "wanted"),
    [
        ("json_schema", SCHEMA, JsonFormat(SCHEMA)),
        ("json_schema", True, JsonFormat(True)),
        ("json_schema", False, JsonFormat(False)),
        ("json_object", SCHEMA, JsonFormat()),
        ("text", SCHEMA, None),
    ],
)
def test_json_mode(kind: str, schema: Any, wanted: JsonFormat | None) -> None:
    assert json_format(CARDS[TEXT], kind, schema) == wanted


@pytest.mark.contract("3.4")
@pytest.mark.parametrize("schema", [None, [], "{}", 5, 0.5])
def test_what_is_no_schema(schema: Any) -> None:
    with pytest.raises(AIError) as raised:
        json_format(CARDS[TEXT], "json_schema", schema)
    assert raised.value.kind is errors.INVALID_INPUT
    assert "the JSON schema is neither an object nor true or false" in str(raised.value)


@pytest.mark.contract("2.2", "3.4")
@pytest.mark.parametrize("kind", ["json_object", "json_schema"])
def test_a_card_without_json_mode(kind: str) -> None:
    with pytest.raises(AIError) as raised:
        json_format(CARDS[NO_JSON], kind)
    assert raised.value.kind is errors.NO_JSON_MODE
    assert json_format(CARDS[NO_JSON], "text") is None


@pytest.mark.contract("3.4")
@pytest.mark.parametrize(
    "given",
    [
        SCHEMA,
        {"name": "a", "schema": SCHEMA},
        {"name": "a", "strict": False, "description": "b", "schema": SCHEMA},
        {"schema": SCHEMA, "strict": True},
    ],
)
def test_a_schema_bare_or_wrapped(given: Any) -> None:
    assert unwrapped(given) == SCHEMA


def test_a_schema_with_a_type_is_no_wrapper() -> None:
    schema = {"type": "object", "schema": {"type": "array"}}
    assert unwrapped(schema) == schema


def test_evidence_as_header_and_as_field() -> None:
    ((name, value),) = header(EVIDENCE)
    assert name == b"x-fogbank-structured-output"
    proven(value.decode())
    last = TextChunk("", finish_reason="stop", evidence=EVIDENCE)
    proven(beside_usage(last)["structured_output"])
    proven(str(replace(EVIDENCE, closed=True)))


def test_no_evidence() -> None:
    assert header(None) == []
    assert beside_usage(None) == beside_usage(TextChunk("")) == {}
