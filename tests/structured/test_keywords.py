"""What becomes of each keyword and format: the table, shown row by row."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fogbank.structured import keywords
from fogbank.structured.budget import LISTED, NAMED, SINGLE, UnusableSchema
from fogbank.structured.narrowing import Bounds
from fogbank.structured.preparation import Preparation, prepare_schema
from fogbank.structured.verification import Verifier
from tests.structured.constrained import accepts, compact

OBJECT, ARRAY = {"type": "object"}, {"type": "array"}
STRING, NUMBER = {"type": "string"}, {"type": "number"}
DRAFT_7 = {"$schema": "http://json-schema.org/draft-07/schema#"}

ENFORCED: dict[str, tuple[Any, Any, Any]] = {
    "$ref": ({"$ref": "#/$defs/a", "$defs": {"a": STRING}}, "x", 1),
    "allOf": ({"allOf": [{"type": ["string", "null"]}, STRING]}, "x", None),
    "anyOf": ({"anyOf": [STRING, {"type": "null"}]}, None, 1),
    "const": ({"const": [1]}, [1], [2]),
    "enum": ({"enum": ["a", 2]}, 2, "b"),
    "type": (STRING, "x", 1),
    "additionalProperties": ({**OBJECT, "additionalProperties": STRING}, {"a": "x"}, {"a": 1}),
    "maxProperties": ({**OBJECT, "maxProperties": 1}, {"a": 1}, {"a": 1, "b": 2}),
    "minProperties": ({**OBJECT, "minProperties": 1}, {"a": 1}, {}),
    "patternProperties": ({**OBJECT, "patternProperties": {"^a": STRING}}, {"a": "x"}, {"ab": 1}),
    "properties": ({**OBJECT, "properties": {"a": STRING}}, {"a": "x"}, {"a": 1}),
    "required": ({**OBJECT, "required": ["a"]}, {"a": 1}, {"b": 1}),
    "additionalItems": ({**DRAFT_7, **ARRAY, "items": [STRING], "additionalItems": NUMBER},
                        ["x", 1], ["x", "y"]),
    "items": ({**ARRAY, "items": STRING}, ["x"], [1]),
    "maxItems": ({**ARRAY, "maxItems": 1}, [1], [1, 2]),
    "minItems": ({**ARRAY, "minItems": 2}, [1, 2], [1]),
    "prefixItems": ({**ARRAY, "prefixItems": [STRING]}, ["x", 1], [1]),
    "format": ({**STRING, "format": "date"}, "2024-02-28", "today"),
    "maxLength": ({**STRING, "maxLength": 1}, "x", "xy"),
    "minLength": ({**STRING, "minLength": 1}, "x", ""),
    "pattern": ({**STRING, "pattern": "^[a-c]+$"}, "abc", "abd"),
    "exclusiveMaximum": ({**NUMBER, "exclusiveMaximum": 3}, 2.5, 3),
    "exclusiveMinimum": ({**NUMBER, "exclusiveMinimum": 3}, 3.5, 3),
    "maximum": ({**NUMBER, "maximum": 3}, 3, 4),
    "minimum": ({**NUMBER, "minimum": 3}, 3, 2),
    "multipleOf": ({"type": "integer", "minimum": 0, "multipleOf": 3}, 9, 10),
}  # fmt: skip
"""A schema, a value that the engine can write, and one that it cannot."""

IF = {"if": {"required": ["a"]}}
PAIR = {**OBJECT, "properties": {"a": STRING, "b": STRING}}
VERIFIED: dict[str, tuple[Any, Any, Any]] = {
    "oneOf": ({"oneOf": [NUMBER, {"type": "integer"}]}, 1.5, 1),
    "not": ({"type": "integer", "not": {"const": 1}}, 2, 1),
    "if": ({**PAIR, **IF, "then": {"required": ["b"]}}, {}, {"a": "x"}),
    "then": ({**PAIR, **IF, "then": {"required": ["b"]}}, {"a": "x", "b": "y"}, {"a": "x"}),
    "else": ({**PAIR, **IF, "else": {"required": ["b"]}}, {"b": "y"}, {}),
    "dependencies": ({**DRAFT_7, **PAIR, "dependencies": {"a": ["b"]}}, {}, {"a": "x"}),
    "dependentRequired": ({**PAIR, "dependentRequired": {"a": ["b"]}}, {}, {"a": "x"}),
    "dependentSchemas": ({**PAIR, "dependentSchemas": {"a": {"required": ["b"]}}}, {}, {"a": "x"}),
    "propertyNames": ({**OBJECT, "propertyNames": {"maxLength": 1}}, {"a": 1}, {"ab": 1}),
    "unevaluatedProperties": ({**PAIR, "unevaluatedProperties": False}, {"a": "x"}, {"c": 1}),
    "unevaluatedItems": ({**ARRAY, "prefixItems": [{}], "unevaluatedItems": False}, [1], [1, 2]),
    "contains": ({**ARRAY, "contains": STRING}, ["x"], [1]),
    "maxContains": ({**ARRAY, "contains": STRING, "maxContains": 1}, ["x"], ["x", "y"]),
    "minContains": ({**ARRAY, "contains": STRING, "minContains": 2}, ["x", "y"], ["x"]),
    "uniqueItems": ({**ARRAY, "uniqueItems": True}, [1, 2], [1, 1]),
}
"""A schema, a value that is valid, and one that the engine can write and is not."""

REFUSED: dict[str, Any] = {
    "$dynamicRef": {"$dynamicRef": "#a", "$defs": {"a": {"$anchor": "a"}}},
    "$dynamicAnchor": {"$dynamicAnchor": "a"},
    "$recursiveRef": {"$schema": "https://json-schema.org/draft/2019-09/schema",
                      "items": {"$recursiveRef": "#"}},
    "$recursiveAnchor": {"$schema": "https://json-schema.org/draft/2019-09/schema",
                         "$recursiveAnchor": True},
    "$vocabulary": {"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/core": True}},
}  # fmt: skip

FORMATS = {
    "date-time": ("2024-02-28T12:00:00Z", "2024-02-28"),
    "time": ("12:00:00Z", "noon"),
    "date": ("2024-02-28", "2024-13-01"),
    "duration": ("P1DT2H", "1 day"),
    "email": ("ada@example.com", "ada"),
    "hostname": ("example.com", "-a-"),
    "ipv4": ("127.0.0.1", "256.0.0.1"),
    "ipv6": ("::1", "1"),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "123"),
    "uri": ("https://example.com/a?b#c", "example"),
}
VERIFIED_FORMATS = {
    "idn-email": ("ada@exämple.com", "ada"),
    "idn-hostname": ("exämple.com", "-a-"),
    "iri": ("https://exämple.com", "exämple"),
    "iri-reference": ("/ä", "\\"),
    "uri-reference": ("/a", "\\"),
    "uri-template": ("/{a}", "/{a"),
    "json-pointer": ("/a", "a"),
    "relative-json-pointer": ("1/a", "a"),
    "regex": ("^a+$", "("),
}


def prepared(schema: Any) -> Preparation:
    return prepare_schema(schema, "llguidance", [Bounds()])


def test_every_row_is_shown() -> None:
    assert ENFORCED.keys() == keywords.ENFORCED
    assert VERIFIED.keys() == keywords.VERIFIED
    assert REFUSED.keys() == keywords.REFUSED
    assert FORMATS.keys() == keywords.FORMATS
    assert VERIFIED_FORMATS.keys() == keywords.VERIFIED_FORMATS


def test_a_keyword_stands_in_one_row() -> None:
    tables = (keywords.ENFORCED, keywords.VERIFIED, keywords.REFUSED)
    assert len(frozenset().union(*tables)) == sum(map(len, tables))
    assert not keywords.FORMATS & keywords.VERIFIED_FORMATS


def test_what_holds_schemas_is_in_the_table() -> None:
    known = keywords.ENFORCED | keywords.VERIFIED | {"$defs", "definitions"}
    assert known >= NAMED | LISTED | SINGLE


@pytest.mark.parametrize("keyword", sorted(ENFORCED))
def test_enforced(keyword: str) -> None:
    schema, right, wrong = ENFORCED[keyword]
    made, verifier = prepared(schema), Verifier(schema)
    assert made.after == ()
    assert accepts(made.constraints[0], compact(right))
    assert not accepts(made.constraints[0], compact(wrong))
    assert (verifier.problem_of(right), verifier.problem_of(wrong) is None) == (None, False)


@pytest.mark.parametrize("keyword", sorted(VERIFIED))
def test_verified(keyword: str) -> None:
    schema, right, wrong = VERIFIED[keyword]
    made, verifier = prepared(schema), Verifier(schema)
    assert keyword in made.after
    assert accepts(made.constraints[0], compact(right))
    assert accepts(made.constraints[0], compact(wrong))
    assert (verifier.problem_of(right), verifier.problem_of(wrong) is None) == (None, False)


@pytest.mark.parametrize("keyword", sorted(REFUSED))
def test_refused(keyword: str) -> None:
    with pytest.raises(UnusableSchema) as refused:
        prepared(REFUSED[keyword])
    assert f"'{keyword}'" in str(refused.value)


@pytest.mark.parametrize("known", sorted(FORMATS))
def test_formats_that_are_followed(known: str) -> None:
    right, wrong = FORMATS[known]
    schema = {"type": "string", "format": known}
    made, verifier = prepared(schema), Verifier(schema)
    assert made.after == ()
    assert accepts(made.constraints[0], compact(right))
    assert not accepts(made.constraints[0], compact(wrong))
    assert (verifier.problem_of(right), verifier.problem_of(wrong) is None) == (None, False)


@pytest.mark.parametrize("known", sorted(VERIFIED_FORMATS))
def test_formats_that_are_verified(known: str) -> None:
    right, wrong = VERIFIED_FORMATS[known]
    schema = {"type": "string", "format": known}
    made, verifier = prepared(schema), Verifier(schema)
    assert made.after == (f"format {known}",)
    assert accepts(made.constraints[0], compact(right))
    assert accepts(made.constraints[0], compact(wrong))
    assert (verifier.problem_of(right), verifier.problem_of(wrong) is None) == (None, False)


@pytest.mark.parametrize("unknown", ["phone", "int32", ""])
def test_other_formats_say_nothing(unknown: str) -> None:
    made = prepared({"type": "string", "format": unknown})
    assert made.after == ()
    assert "format" not in json.loads(made.constraints[0])


def test_other_keywords_say_nothing() -> None:
    said = {"title": "t", "description": "d", "default": 1, "examples": [1], "x-more": {"type": 5}}
    made = prepared({"type": "string", **said})
    assert made == prepared({"type": "string"})


def test_the_page_has_this_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "json-mode.md").read_text(encoding="utf-8")
    table = page.split("<!-- keywords -->")[1].split("<!-- /keywords -->")[0]
    rows = [line.split("|")[1:3] for line in table.splitlines() if line.startswith("|")][2:]
    told = {what.strip(): re.findall("`([^`]+)`", words) for what, words in rows}
    assert told == {
        "enforced while the answer is written, and verified": sorted(keywords.ENFORCED),
        "verified when the answer is whole": sorted(keywords.VERIFIED),
        "refused, by name": sorted(keywords.REFUSED),
        "formats enforced": sorted(keywords.FORMATS),
        "formats verified": sorted(keywords.VERIFIED_FORMATS),
    }
