"""The part of a schema that an engine is held to, written in draft 2020-12."""

from typing import Any

import pytest

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.constraint import Built, build
from fogbank.structured.narrowing import Bounds

DRAFT_4 = "http://json-schema.org/draft-04/schema#"
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
TEXT = {"type": "string"}


def built(schema: Any, bounds: Bounds = Bounds()) -> dict[str, Any]:  # noqa: B008
    return build(schema, bounds).schema


SAME: list[dict[str, Any]] = [
    {},
    {"type": "object", "properties": {"a": TEXT, "b": {"type": ["null", "integer"]}}},
    {"type": "array", "prefixItems": [TEXT], "items": False},
    {"anyOf": [TEXT, {"const": 1}]},
    {"allOf": [{"minLength": 1, "type": "string"}, {"type": "string", "pattern": "a"}]},
    {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
    {"type": "object", "properties": {"$ref": TEXT, "oneOf": TEXT, "not": TEXT}},
]


@pytest.mark.parametrize("schema", SAME, ids=str)
def test_what_can_be_followed_stays(schema: dict[str, Any]) -> None:
    assert build(schema) == Built(schema, frozenset())


REWRITTEN: list[tuple[Any, dict[str, Any]]] = [
    (True, {}),
    ({"title": "T", "type": "string", "default": "x"}, TEXT),
    ({"oneOf": [TEXT, {"type": "null"}]}, {"anyOf": [TEXT, {"type": "null"}]}),
    ({"$schema": DRAFT_7, "items": [TEXT], "additionalItems": False},
     {"prefixItems": [TEXT], "items": False}),
    ({"$schema": DRAFT_7, "items": TEXT, "additionalItems": False}, {"items": TEXT}),
    ({"$schema": DRAFT_4, "minimum": 1, "exclusiveMinimum": True}, {"exclusiveMinimum": 1}),
    ({"$schema": DRAFT_4, "maximum": 1, "exclusiveMaximum": False}, {"maximum": 1}),
    ({"$schema": DRAFT_4, "exclusiveMaximum": True}, {}),
    ({"$schema": DRAFT_7, "prefixItems": [TEXT], "items": {"const": 1}}, {"items": {"const": 1}}),
    ({"type": "string", "format": "phone"}, TEXT),
    ({"$ref": "#/definitions/a", "definitions": {"a": TEXT}},
     {"$ref": "#/$defs/0", "$defs": {"0": TEXT}}),
    ({"$schema": DRAFT_7, "items": {"$ref": "#/x", "type": "null"}, "x": TEXT},
     {"items": {"$ref": "#/$defs/0"}, "$defs": {"0": TEXT}}),
    ({"anyOf": [TEXT], "oneOf": [TEXT]}, {"anyOf": [TEXT], "allOf": [{"anyOf": [TEXT]}]}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected"), REWRITTEN, ids=[str(s) for s, _ in REWRITTEN])
def test_what_is_written_otherwise(schema: Any, expected: dict[str, Any]) -> None:
    assert build(schema) == Built(expected, frozenset())


AFTER: list[tuple[Any, dict[str, Any], set[str]]] = [
    ({**TEXT, "not": {"const": "x"}}, TEXT, {"not"}),
    ({"oneOf": [TEXT, {"minLength": 1}]}, {"anyOf": [TEXT, {"minLength": 1}]}, {"oneOf"}),
    ({**TEXT, "format": "iri"}, TEXT, {"format iri"}),
    *(({**TEXT, "pattern": pattern}, TEXT, {"pattern"})
      for pattern in ("a(?=b)", "(?<!a)b", "(a)\\1", "\\ba")),
    ({"items": {"uniqueItems": True}}, {"items": {}}, {"uniqueItems"}),
    ({"type": "integer", "multipleOf": 3, "maximum": -1}, {"type": "integer", "maximum": -1},
     {"multipleOf"}),
    ({"type": "integer", "multipleOf": 3},
     {"type": "integer", "anyOf": [{"minimum": 0, "multipleOf": 3}, {"exclusiveMaximum": 0}]},
     {"multipleOf"}),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "expected", "after"), AFTER, ids=[str(s) for s, _, _ in AFTER])
def test_what_is_left_for_afterwards(
    schema: Any, expected: dict[str, Any], after: set[str]
) -> None:
    assert build(schema) == Built(expected, frozenset(after))


def test_without_what_a_back_end_cannot_follow() -> None:
    schema = {**TEXT, "pattern": "a", "allOf": [{"minLength": 1}, {"maxLength": 9}]}
    made = build(schema, without=frozenset({"pattern", "allOf"}))
    assert made == Built({**TEXT, "allOf": [{"minLength": 1}]}, frozenset({"pattern", "allOf"}))


def test_other_properties_are_open_without_those_that_are_listed() -> None:
    schema = {"type": "object", "patternProperties": {"a": TEXT}, "additionalProperties": False}
    made = build(schema, without=frozenset({"patternProperties"}))
    after = {"patternProperties", "additionalProperties"}
    assert made == Built({"type": "object"}, frozenset(after))


def test_false_allows_nothing() -> None:
    with pytest.raises(UnusableSchema, match="allows no value"):
        build(False)


def test_a_tree_is_one_definition() -> None:
    tree = {"type": "object", "properties": {"children": {"items": {"$ref": "#"}}}}
    made = built(tree)
    assert made["$defs"] == {"0": {**tree, "properties": {"children": made["$defs"]["0"][
        "properties"]["children"]}}}  # fmt: skip
    assert made["$defs"]["0"]["properties"]["children"] == {"items": {"$ref": "#/$defs/0"}}


def test_a_schema_that_is_named_twice_is_written_once() -> None:
    schema = {"properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x"}},
              "$defs": {"x": TEXT, "unused": {"$dynamicRef": "#"}}}  # fmt: skip
    assert built(schema)["$defs"] == {"0": TEXT}


def test_what_others_are_held_against_too_is_not_bounded() -> None:
    """Of two lists of properties neither may be closed, of two texts neither made shorter."""
    part = {"type": "object", "properties": {"a": TEXT}}
    schema = {"allOf": [{"$ref": "#/$defs/p"}, {"minProperties": 1}], "$defs": {"p": part},
              "properties": {"b": TEXT}}  # fmt: skip
    made = built(schema, Bounds(10, 2))
    assert "additionalProperties" not in str(made)
    assert "maxLength" not in str(made["$defs"])


def test_a_definition_has_two_forms_where_it_stands_alone_and_not() -> None:
    schema = {
        "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/x", "minLength": 2}},
        "$defs": {"x": TEXT},
    }
    made = built(schema, Bounds(10, 2))
    assert made["$defs"] == {"0": {**TEXT, "maxLength": 10}, "1": TEXT}


def test_inheritance_is_closed_as_one() -> None:
    schema = {
        "allOf": [
            {"type": "object", "properties": {"a": TEXT}},
            {"properties": {"b": TEXT}, "required": ["b"]},
        ]
    }
    made = built(schema, Bounds(10, 2))
    assert (list(made["properties"]), made["additionalProperties"]) == (["a", "b"], False)


def test_the_schema_that_was_sent_is_not_changed() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "array"}}, "required": ["b"],
              "if": {}, "then": {}, "dependentRequired": {"b": ["a"]}}  # fmt: skip
    before = repr(schema)
    built(schema, Bounds(10, 2, terse=True))
    assert repr(schema) == before
