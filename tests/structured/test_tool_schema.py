"""Parameter schemas of tools, the usual ones and the hostile ones."""

from typing import Any

import pytest

from fogbank.structured.tool_calls import MAX_TOOLS, Toolbox, ToolError
from fogbank.structured.tool_schema import MAX_DEPTH, MAX_VALUES, expand
from fogbank.tasks import Tool


def toolbox(parameters: dict[str, Any]) -> Toolbox:
    return Toolbox([Tool("f", "A tool.", parameters)])


def test_references_are_put_in_place_and_annotations_left_out() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "title": "T",
        "properties": {
            "$ref": {"type": "string", "description": "a property that is called so"},
            "to": {"$ref": "#/$defs/place", "description": "where"},
            "via": {"type": "array", "items": [{"$ref": "#/$defs/place"}, {"type": "null"}]},
        },
        "$defs": {"place": {"enum": ["a", "b"]}},
    }
    place = {"enum": ["a", "b"]}
    assert expand(schema) == {
        "type": "object",
        "properties": {
            "$ref": {"type": "string"},
            "to": place,
            "via": {"type": "array", "prefixItems": [place, {"type": "null"}], "items": True},
        },
    }


def test_a_reference_beside_other_keywords_holds_together_with_them() -> None:
    schema = {"a": 1, "properties": {"x": {"$ref": "#/$defs/i", "minimum": 3}}}
    schema["$defs"] = {"i": {"type": "integer"}}
    assert expand(schema)["properties"]["x"] == {"minimum": 3, "allOf": [{"type": "integer"}]}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


CHAIN: dict[str, Any] = {str(n): {"$ref": f"#/$defs/{n + 1}"} for n in range(1500)}
DOUBLING: dict[str, Any] = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 4} for n in range(8)}
HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("deep", nested(MAX_DEPTH), "nested deeper"),
    ("wide", {"properties": {str(n): {"type": "string"} for n in range(MAX_VALUES)}}, "values"),
    ("enum", {"properties": {"a": {"enum": list(range(MAX_VALUES))}}}, "values"),
    ("long", {"properties": {"a": {"const": "x" * 200_000}}}, "characters"),
    ("names", {"properties": {"x" * 200_000: {}}}, "characters"),
    ("itself", {"properties": {"a": {"$ref": "#"}}}, "refers to itself"),
    (
        "circle",
        {"$ref": "#/$defs/a", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}},
        "refers to itself",
    ),
    (
        "doubling",
        {"properties": {"a": {"$ref": "#/$defs/0"}}, "$defs": {**DOUBLING, "8": {}}},
        "values",
    ),
    ("chain", {"$ref": "#/$defs/0", "$defs": CHAIN}, "references within references"),
    ("patterns", {"patternProperties": {f"a{{{n}}}": {} for n in range(99)}}, "patterns"),
    ("pattern", {"prefixItems": [{"pattern": f"a{{{n}}}"} for n in range(99)]}, "patterns"),
    ("large pattern", {"patternProperties": {"[a-z]{9999}": {}}}, "no JSON Schema"),
    ("long reference", {"$ref": "http://" + "x" * 200_000}, "nothing is fetched"),
    ("web", {"properties": {"a": {"$ref": "http://localhost:1/x"}}}, "nothing is fetched"),
    ("file", {"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "nothing is fetched"),
    ("nowhere", {"properties": {"a": {"$ref": "#/$defs/b"}}}, "not there"),
    ("dynamic", {"$dynamicRef": "#a"}, "dynamicRef"),
    ("no type", {"properties": {"a": {"type": "text"}}}, "no JSON Schema"),
    ("no pattern", {"properties": {"a": {"type": "string", "pattern": "("}}}, "no JSON Schema"),
    ("no list", {"properties": {"a": {"anyOf": 5}}}, "no JSON Schema"),
    ("no object", {"type": "string"}, "not of type 'object'"),
]


@pytest.mark.contract("5.4")
@pytest.mark.parametrize(("name", "schema", "why"), HOSTILE, ids=[name for name, *_ in HOSTILE])
def test_a_schema_that_cannot_be_used_is_refused_with_the_tools_name(
    name: str, schema: dict[str, Any], why: str
) -> None:
    with pytest.raises(ToolError, match="tool 'f'") as refusal:
        toolbox(schema)
    assert why in str(refusal.value)
    assert len(str(refusal.value)) < 500


def test_no_two_tools_of_one_name_and_not_too_many() -> None:
    tool = Tool("f", "", {"type": "object"})
    with pytest.raises(ToolError, match="two tools are called 'f'"):
        Toolbox([tool, tool])
    with pytest.raises(ToolError, match=f"more than {MAX_TOOLS}"):
        Toolbox(Tool(str(n), "", {}) for n in range(MAX_TOOLS + 1))
    with pytest.raises(ToolError, match="no name"):
        Toolbox([Tool("", "", {})])
