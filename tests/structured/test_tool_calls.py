"""The form of a forced call, and what a call must be to reach a client."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.engines.fake_answers import instance
from fogbank.structured.tool_calls import MAX_DEPTH, Toolbox, ToolError
from fogbank.structured.tool_constraint import Bounds, constraint
from fogbank.tasks import Tool, ToolCall

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "days": {"type": "integer", "minimum": 1, "maximum": 7, "description": "How many."},
    },
    "required": ["city", "days"],
}
BOX = Toolbox([Tool("weather", "", WEATHER), Tool("stop", "", {"type": "object"})])
OPEN = Bounds()


def schema_of(box: Toolbox, name: str | None, bounds: Bounds = OPEN) -> dict[str, Any]:
    schema = box.forced(name, bounds).schema
    assert isinstance(schema, dict)
    return schema


def call(arguments: str, name: str = "weather") -> ToolCall:
    return ToolCall("123456789", name, arguments)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ('{"city":"Lisbon","days":3}', None),
        ('{"city":"Lisbon","days":3,"more":true}', None),
        ('{"city":"Lisbon","days":9}', "9 is greater than the maximum of 7"),
        ('{"city":"Lisbon"}', '"days" is a required property'),
        ('["Lisbon"]', "its arguments are not an object"),
        ('{"city":', "its arguments are not JSON"),
        ('{"city":"' + "x" * 999 + '"}', None),
    ],
)
def test_arguments_are_verified(arguments: str, problem: str | None) -> None:
    found = BOX.problem(call(arguments))
    if problem is not None:
        assert found == problem
    elif "days" in arguments:
        assert found is None
    assert found is None or len(found) <= 200


def test_a_tool_that_was_not_offered_is_no_call() -> None:
    assert BOX.problem(call("{}", "rm")) == "there is no tool 'rm'"
    assert "rm" not in BOX
    assert "weather" in BOX


def test_arguments_nested_too_deeply_for_an_answer() -> None:
    deep = '{"a":' + "[" * 300 + "]" * 300 + "}"
    assert (
        BOX.problem(call(deep, "stop"))
        == f"its arguments are nested deeper than {MAX_DEPTH} levels"
    )
    wide = json.dumps({"a": [[]] * 300})
    assert BOX.problem(call(wide, "stop")) is None


@pytest.mark.timeout(10)
def test_a_call_that_is_wrong_in_a_million_places_is_wrong_at_once() -> None:
    items = {"allOf": [{"type": "string"}] * 500}
    box = Toolbox([Tool("f", "", {"properties": {"a": {"type": "array", "items": items}}})])
    assert box.problem(call(json.dumps({"a": [1] * 3000}), "f")) == '1 is not of type "string"'


def test_a_clients_words_are_cut_in_an_error() -> None:
    with pytest.raises(ToolError) as refusal:
        Toolbox([Tool("f" * 200_000, "", {"type": "text"})])
    assert len(str(refusal.value)) < 500


def test_one_tool_and_several() -> None:
    named = schema_of(BOX, "weather")
    assert named["properties"]["name"] == {"const": "weather"}
    assert named["required"] == ["name", "parameters"]
    assert named["properties"]["parameters"]["additionalProperties"] is False
    either = schema_of(BOX, None)
    assert [branch["properties"]["name"]["const"] for branch in either["anyOf"]] == [
        "weather",
        "stop",
    ]


@pytest.mark.contract("5.4")
def test_a_forced_answer_is_read_or_it_is_none() -> None:
    read = BOX.read('{"name":"weather","parameters":{"city":"Lisbon","days":3}}')
    assert read is not None
    assert (read.name, read.arguments) == ("weather", '{"city":"Lisbon","days":3}')
    assert re.fullmatch("[A-Za-z0-9]{9}", read.id)
    for text in ('{"name":"weather"', '{"name":"weather"}', "[]", '{"name":[],"parameters":{}}'):
        assert BOX.read(text) is None
    assert BOX.read('{"name":"weather","parameters":{"city":"Lisbon","days":8}}') is None


def test_what_engines_refuse_or_ignore_is_left_to_the_verification() -> None:
    schema = {
        "type": "object",
        "properties": {
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "one": {"oneOf": [{"type": "string"}, {"type": "null"}]},
            "word": {"type": "string", "pattern": "^(?=a)"},
            "even": {"type": "integer", "multipleOf": 2},
        },
        "if": {"required": ["one"]},
        "then": {"required": ["word"]},
    }
    assert constraint(schema, OPEN) == {
        "type": "object",
        "properties": {
            "tags": {"type": "array", "items": {"type": "string"}},
            "one": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "word": {"type": "string"},
            "even": {"type": "integer"},
        },
        "additionalProperties": False,
    }
    box = Toolbox([Tool("f", "", schema)])
    assert box.problem(call('{"tags":["a","a"]}', "f"))
    assert box.problem(call('{"even":3}', "f"))


def test_bounds_are_set_where_a_schema_has_none() -> None:
    schema = {
        "properties": {
            "text": {"type": "string"},
            "short": {"type": "string", "maxLength": 3},
            "long": {"type": "string", "minLength": 50},
            "list": {"type": "array", "items": {"type": "number", "minimum": 5}},
            "free": {"type": "object"},
            "size": {"type": "string", "enum": ["s", "m"]},
        }
    }
    held = constraint(schema, Bounds(length=9, items=2))["properties"]
    assert held["text"]["maxLength"] == 9
    assert held["short"]["maxLength"] == 3
    assert held["long"]["maxLength"] == 50
    assert held["list"]["maxItems"] == 2
    assert held["list"]["items"] == {"type": "number", "minimum": 5, "maximum": 1_000_005}
    assert held["free"] == {"type": "object", "properties": {}, "additionalProperties": False}
    assert held["size"] == {"type": "string", "enum": ["s", "m"]}


def objects(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    names = st.sampled_from("abcd")
    return st.dictionaries(names, children, max_size=3).map(
        lambda found: {"type": "object", "properties": found, "required": sorted(found)}
    )


LEAVES = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "boolean", "null", "integer"])}),
    st.fixed_dictionaries({"enum": st.lists(st.text(max_size=3), min_size=1, max_size=3)}),
    st.tuples(st.integers(-9, 9), st.integers(0, 9)).map(
        lambda ends: {"type": "integer", "minimum": ends[0], "maximum": ends[0] + ends[1]}
    ),
    st.integers(0, 4).map(lambda least: {"type": "string", "minLength": least}),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        objects(inner),
        st.tuples(inner, st.integers(0, 2)).map(
            lambda of: {"type": "array", "items": of[0], "minItems": of[1]}
        ),
        st.lists(inner, min_size=1, max_size=2).map(lambda some: {"anyOf": some}),
    ),
    max_leaves=6,
)


@given(objects(SCHEMAS), st.sampled_from([OPEN, Bounds(length=2, items=1)]))
def test_an_answer_held_to_the_constraint_is_a_right_call(
    parameters: dict[str, Any], bounds: Bounds
) -> None:
    box = Toolbox([Tool("f", "", parameters), Tool("g", "", {})])
    schema = schema_of(box, "f", bounds)
    value = instance(schema, schema)
    assert jsonschema_rs.is_valid(schema, value)
    assert box.read(json.dumps(value)) is not None


def test_the_patterns_of_all_tools_are_counted_together() -> None:
    def tools(count: int) -> list[Tool]:
        schema = {
            "properties": {f"p{n}": {"type": "string", "pattern": "a"} for n in range(30)},
            "patternProperties": {"^b": {}, "^c": {}},
        }
        return [Tool(f"tool{n}", "", schema) for n in range(count)]

    assert "tool3" in Toolbox(tools(4))
    with pytest.raises(ToolError, match="128 patterns together"):
        Toolbox(tools(5))
