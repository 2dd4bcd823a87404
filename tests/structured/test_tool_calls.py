"""The tools of a request, the form of a forced call, and what a call must be to reach a client."""

import json
import re
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.engines.fake_answers import constrained
from fogbank.structured.library import Library
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.structured.structure import Structure
from fogbank.structured.tool_calls import MAX_TOOLS, Toolbox, ToolError
from fogbank.structured.verification import MAX_DEPTH
from fogbank.tasks import Tool, ToolCall

pytestmark = pytest.mark.anyio
LIBRARY = Library()
BACKEND = "llguidance"
WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "days": {"type": "integer", "minimum": 1, "maximum": 7, "description": "How many."},
    },
    "required": ["city", "days"],
}
TOOLS = (Tool("weather", "", WEATHER), Tool("stop", "", {"type": "object"}))


async def opened(*tools: Tool, bounds: Bounds = NO_BOUNDS) -> Toolbox:
    return await Toolbox.open(tools or TOOLS, LIBRARY, BACKEND, bounds)


async def of(parameters: dict[str, Any]) -> Toolbox:
    return await opened(Tool("f", "A tool.", parameters))


async def forced(box: Toolbox, name: str | None, bounds: Bounds = NO_BOUNDS) -> Structure:
    return box.forced(name)


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
    ],
)
async def test_arguments_are_verified(arguments: str, problem: str | None) -> None:
    assert await (await opened()).problem(call(arguments)) == problem


async def test_what_is_said_of_long_arguments_is_short() -> None:
    found = await (await opened()).problem(call('{"days":"' + "x" * 999 + '","city":""}'))
    assert found is not None
    assert len(found) <= 200


async def test_a_tool_that_was_not_offered_is_no_call() -> None:
    box = await opened()
    assert await box.problem(call("{}", "rm")) == "there is no tool 'rm'"
    assert "rm" not in box
    assert "weather" in box


async def test_arguments_nested_too_deeply_for_an_answer() -> None:
    box = await opened()
    deep = call('{"a":' + "[" * 300 + "]" * 300 + "}", "stop")
    assert await box.problem(deep) == f"its arguments are nested deeper than {MAX_DEPTH} levels"
    wide = json.dumps({"a": [[]] * 300})
    assert await box.problem(call(wide, "stop")) is None


@pytest.mark.timeout(10)
async def test_a_call_that_is_wrong_in_a_million_places_is_wrong_at_once() -> None:
    items = {"allOf": [{"type": "string"}] * 500}
    box = await of({"properties": {"a": {"type": "array", "items": items}}})
    wrong = call(json.dumps({"a": [1] * 3000}), "f")
    assert await box.problem(wrong) == '1 is not of type "string"'


@pytest.mark.contract("5.4")
async def test_a_forced_answer_is_a_call_with_the_arguments_as_text() -> None:
    box = await opened()
    text = '{"name": "weather", "parameters": {"city": "Lisbon", "days": 3}}'
    assert await (await forced(box, None)).problem(text) is None
    read = box.read(text)
    assert (read.name, read.arguments) == ("weather", '{"city": "Lisbon", "days": 3}')
    assert re.fullmatch("[A-Za-z0-9]{9}", read.id)


@pytest.mark.parametrize(
    ("text", "named", "any_"),
    [
        ('{"name":"weather","parameters":{"city":"Lisbon","days":3}}', True, True),
        ('{"name":"stop","parameters":{}}', False, True),
        ('{"name":"weather","parameters":{"city":"Lisbon","days":8}}', False, False),
        ('{"name":"weather","parameters":{"city":"Lisbon","days":3},"more":1}', False, False),
        ('{"name":"weather"', False, False),
        ('{"name":"weather"}', False, False),
        ('{"name":[],"parameters":{}}', False, False),
        ('{"name":"rm","parameters":{}}', False, False),
        ("[]", False, False),
    ],
)
async def test_what_is_a_forced_call(text: str, named: bool, any_: bool) -> None:
    box = await opened()
    assert (await (await forced(box, "weather")).problem(text) is None) is named
    assert (await (await forced(box, None)).problem(text) is None) is any_


async def test_an_engine_is_held_to_the_name_and_the_arguments() -> None:
    box = await opened()
    named = json.loads((await forced(box, "weather")).constraints[0].text)
    assert named["properties"]["name"] == {"const": "weather"}
    assert list(named["properties"]) == ["name", "parameters"], "small models write it so"
    assert named["required"] == ["name", "parameters"]
    assert named["properties"]["parameters"]["required"] == ["city", "days"]
    either = json.loads((await forced(box, None)).constraints[0].text)
    names = [branch["properties"]["name"]["const"] for branch in either["anyOf"]]
    assert names == ["weather", "stop"]


async def test_references_of_each_tool_start_from_its_own_schema() -> None:
    def tool(name: str, kind: str) -> Tool:
        inner = {"$ref": "#/$defs/inner"}
        definitions = {"inner": {"type": kind}}
        return Tool(name, "", {"properties": {"a": inner}, "required": ["a"], "$defs": definitions})

    box = await opened(tool("words", "string"), tool("sum", "integer"))
    either = await forced(box, None)
    for text, right in (
        ('{"name":"words","parameters":{"a":"b"}}', True),
        ('{"name":"sum","parameters":{"a":1}}', True),
        ('{"name":"words","parameters":{"a":1}}', False),
        ('{"name":"sum","parameters":{"a":"b"}}', False),
    ):
        assert (await either.problem(text) is None) is right
        (name, arguments) = json.loads(text).values()
        own = await box.problem(call(json.dumps(arguments), name))
        assert (own is None) is right
        value = json.loads(text)
        held = json.loads(either.constraints[0].text)
        assert jsonschema_rs.is_valid(held, value) is right


async def test_what_a_schema_says_in_an_older_draft_is_meant_so() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"a": {"items": [{"type": "string"}], "additionalItems": False}},
        "required": ["a"],
    }
    box = await of(schema)
    held = await forced(box, "f")
    for arguments, right in (('{"a":["b"]}', True), ('{"a":["b",1]}', False)):
        assert (await box.problem(call(arguments, "f")) is None) is right
        text = f'{{"name":"f","parameters":{arguments}}}'
        assert (await held.problem(text) is None) is right


async def test_a_schema_may_refer_to_itself() -> None:
    box = await of({"properties": {"a": {"$ref": "#"}}})
    assert await box.problem(call('{"a":{"a":{}}}', "f")) is None
    assert await box.problem(call('{"a":{"a":1}}', "f")) == '1 is not of type "object"'


async def test_keywords_that_no_engine_follows_are_verified() -> None:
    schema = {
        "properties": {
            "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            "word": {"type": "string", "pattern": "^(?=a)"},
            "even": {"type": "integer", "multipleOf": 2},
        },
        "if": {"required": ["even"]},
        "then": {"required": ["word"]},
    }
    box = await of(schema)
    assert await box.problem(call('{"tags":["a"],"even":2,"word":"ab"}', "f")) is None
    for wrong in ('{"tags":["a","a"]}', '{"even":3,"word":"a"}', '{"word":"b"}', '{"even":2}'):
        assert await box.problem(call(wrong, "f"))


async def test_bounds_are_set_where_a_schema_has_none() -> None:
    schema = {
        "properties": {
            "text": {"type": "string"},
            "short": {"type": "string", "maxLength": 3},
            "list": {"type": "array", "items": {"type": "number", "minimum": 5}},
        }
    }
    bounds = Bounds(length=9, items=2)
    box = await opened(Tool("f", "", schema), bounds=bounds)
    held = json.loads((await forced(box, "f", bounds)).constraints[0].text)
    parameters = held["properties"]["parameters"]
    assert parameters["additionalProperties"] is False
    assert parameters["properties"]["text"]["maxLength"] == 9
    assert parameters["properties"]["short"]["maxLength"] == 3
    assert parameters["properties"]["list"]["maxItems"] == 2
    longer = call(json.dumps({"text": "x" * 99, "more": 1}), "f")
    assert await box.problem(longer) is None, "a free answer is held to the schema alone"


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("deep", nested(100), "nested deeper"),
    ("wide", {"properties": {str(n): {"type": "string"} for n in range(20_000)}}, "bytes"),
    ("enum", {"properties": {"a": {"enum": list(range(9_000))}}}, "'enum'"),
    ("itself", {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}, "refers to itself"),
    ("patterns", {"patternProperties": {f"a{{{n}}}": {} for n in range(201)}}, "patterns"),
    ("large pattern", {"properties": {"a": {"pattern": "a" * 2_001}}}, "'pattern'"),
    ("long reference", {"$ref": "http://" + "x" * 200_000}, "nothing is fetched"),
    ("web", {"properties": {"a": {"$ref": "http://localhost:1/x"}}}, "http://localhost:1/x"),
    ("file", {"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "file:///etc/passwd"),
    ("nowhere", {"properties": {"a": {"$ref": "#/$defs/b"}}}, "which is not in it"),
    ("no type", {"properties": {"a": {"type": "text"}}}, "no JSON Schema"),
    ("no pattern", {"properties": {"a": {"type": "string", "pattern": "("}}}, "no JSON Schema"),
    ("no list", {"properties": {"a": {"anyOf": 5}}}, "no JSON Schema"),
    ("no unicode", {"properties": {"\ud800": {}}}, "cannot be read"),
    ("no value", {"properties": {"a": {"type": "string", "enum": [1]}}, "required": ["a"]}, "'a'"),
    ("no object", {"type": "string"}, "not of type 'object'"),
    ("or none", {"type": ["object", "null"]}, "not of type 'object'"),
]


@pytest.mark.contract("5.4")
@pytest.mark.parametrize(("name", "schema", "why"), HOSTILE, ids=[name for name, *_ in HOSTILE])
async def test_a_schema_that_cannot_be_used_is_refused_with_the_tools_name(
    name: str, schema: dict[str, Any], why: str
) -> None:
    with pytest.raises(ToolError, match="the tool 'f': the schema") as refusal:
        await of(schema)
    assert why in str(refusal.value)
    assert len(str(refusal.value)) < 500


async def test_no_two_tools_of_one_name_and_not_too_many() -> None:
    tool = Tool("f", "", {"type": "object"})
    with pytest.raises(ToolError, match="two tools are called 'f'"):
        await opened(tool, tool)
    with pytest.raises(ToolError, match=f"more than {MAX_TOOLS}"):
        await opened(*(Tool(str(n), "", {}) for n in range(MAX_TOOLS + 1)))
    with pytest.raises(ToolError, match="no name"):
        await opened(Tool("", "", {}))


async def test_a_clients_words_are_cut_in_an_error() -> None:
    with pytest.raises(ToolError) as refusal:
        await opened(Tool("f" * 200_000, "", {"type": "text"}))
    assert len(str(refusal.value)) < 500


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


@settings(deadline=None)
@given(objects(SCHEMAS), st.sampled_from([NO_BOUNDS, Bounds(length=2, items=1)]))
async def test_an_answer_held_to_any_of_the_constraints_is_a_right_call(
    parameters: dict[str, Any], bounds: Bounds
) -> None:
    box = await opened(Tool("f", "", parameters), Tool("g", "", {}), bounds=bounds)
    held = await forced(box, "f", bounds)
    for constraint in held.constraints:
        text = constrained(constraint)
        assert await held.problem(text) is None
        assert await box.problem(box.read(text)) is None
