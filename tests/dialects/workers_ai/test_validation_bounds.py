"""A hostile body gets a short answer, and its shape does not decide how deep the checks go."""

import sys
from typing import Any

import orjson
import pytest

from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.dialects.workers_ai.validation_parts import ELLIPSIS, MAX_PARTS, MAX_TEXT
from fogbank.settings import package_data

pytestmark = pytest.mark.contract("2.3")
SCHEMAS = load_schemas(package_data(), None)
LONG = "k~/" * 500_000


class Counted(list[Any]):
    """A list that knows how many of its items were looked at."""

    seen = 0

    def __iter__(self) -> Any:
        for item in super().__iter__():
            self.seen += 1
            yield item


def test_errors_end_with_an_ellipsis() -> None:
    parts = SCHEMAS["text-generation"].validate({"messages": [1] * 1000})
    assert len(parts) == MAX_PARTS + 1
    assert parts[-1] == ELLIPSIS
    assert parts[-2] == "Type mismatch of '/messages/30', 'object' not in 'integer'"


def test_exactly_as_many_errors_as_fit_have_no_ellipsis() -> None:
    schema = InputSchema({"type": "array", "items": {"type": "string"}})
    assert len(schema.validate([1] * MAX_PARTS)) == MAX_PARTS
    assert schema.validate([1] * (MAX_PARTS + 1))[-1] == ELLIPSIS


def test_no_item_is_read_once_the_answer_is_full() -> None:
    schema = InputSchema({"type": "array", "items": {"type": "string"}})
    items = Counted([1] * 10_000)
    assert schema.validate(items)
    assert items.seen == MAX_PARTS + 1


def test_a_list_over_its_length_is_not_hidden_by_its_items() -> None:
    parts = SCHEMAS["text-embeddings"].validate({"text": [""] * 10_000})
    assert "Length of '/text' must be <= 100" in parts


def test_a_later_branch_can_match_after_a_flood_of_errors() -> None:
    many = {"messages": [1] * 1000, "prompt": "hi"}
    assert SCHEMAS["text-generation"].validate(many) == []
    schema = InputSchema(
        {"oneOf": [{"type": "array", "items": {"type": "string"}}, {"type": "array"}]}
    )
    assert schema.validate([1] * 1000) == []


@pytest.mark.parametrize(
    "value",
    [
        {"messages": [{"role": None, "content": None}] * 1000},
        {**{f"{n}{LONG}": n for n in range(2)}, "prompt": LONG, "seed": 0},
        {"messages": [], "tools": [{**dict.fromkeys(["name", "description"], "")}] * 1000},
        {"messages": [], "response_format": {"type": LONG}},
        {
            "messages": [],
            "tools": [
                {
                    "name": "f",
                    "description": "",
                    "parameters": {"type": "o", "properties": {LONG + str(n): 1}},
                }
                for n in range(2)
            ],
        },
    ],
)
def test_the_text_is_short_and_can_be_sent(value: Any) -> None:
    for name in ("text-generation", "text-generation-strict", "text-generation-scout"):
        text = describe(SCHEMAS[name].validate(value))
        assert len(text) <= MAX_TEXT
        assert orjson.dumps(text)


def test_unknown_names_are_listed_to_a_bound() -> None:
    schema = InputSchema({"type": "object", "additionalProperties": False})
    (part,) = schema.validate({f"{n}\ud800": n for n in range(1000)})
    assert part.startswith("Additional or unevaluated properties '/0?, /1?, ")
    assert part.endswith(f"/15?, {ELLIPSIS}' at '/' not allowed")


def test_a_value_deeper_than_the_stack_is_no_matter() -> None:
    deep: list[Any] = []
    for _ in range(sys.getrecursionlimit() * 2):
        deep = [deep]
    chat = {"messages": [{"role": "user", "content": "x"}]}
    schema = SCHEMAS["text-generation"]
    assert schema.validate(chat | {"metadata": deep}) == []
    assert (
        schema.validate(chat | {"response_format": {"type": "json_schema", "json_schema": deep}})
        == []
    )
    assert schema.validate({"messages": deep})
    assert schema.validate(deep) == ["Type mismatch of '/', 'object' not in 'array'"]


def test_pointers_are_escaped() -> None:
    schema = InputSchema({"additionalProperties": {"type": "string"}})
    assert schema.validate({"a/b~c": 1}) == [
        "Type mismatch of '/a~1b~0c', 'string' not in 'integer'"
    ]
