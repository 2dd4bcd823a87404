"""How an answer that is cut off is closed, at any place."""

import json
import random
from functools import cache
from typing import Any

import llguidance
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.closing import Closing, closing, cut, needed
from fogbank.structured.narrowing import Bounds
from fogbank.structured.nullable import with_nulls
from fogbank.structured.preparation import prepare_schema
from fogbank.structured.verification import Verifier
from tests.structured.constrained import accepts, compact, written
from tests.structured.family import documents

TEXT, WHOLE = {"type": "string"}, {"type": "integer"}
PERSON = {
    "type": "object",
    "properties": {
        "name": TEXT,
        "age": {"type": "integer", "minimum": 18, "maximum": 130},
        "tags": {"type": "array", "items": TEXT, "minItems": 2},
    },
    "required": ["name", "age", "tags"],
}
NODE = {
    "type": "object",
    "properties": {
        "value": WHOLE,
        "children": {"type": "array", "items": {"$ref": "#"}},
    },
    "required": ["value", "children"],
}


def shape(kind: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"kind": {"const": kind}, **properties},
        "required": ["kind", *properties],
        "additionalProperties": False,
    }


CORPUS: dict[str, Any] = {
    "enum": {"enum": ["red", "reddish", "green", 10, 100, None]},
    "person": PERSON,
    "nested": {
        "type": "object",
        "properties": {
            "order": {
                "type": "object",
                "properties": {
                    "customer": PERSON,
                    "status": {"enum": ["open", "paid", "sent"]},
                    "total": {"type": "number", "exclusiveMinimum": 0},
                },
                "required": ["customer", "status", "total"],
            },
            "note": {"type": ["string", "null"]},
        },
        "required": ["order", "note"],
    },
    "list": {"type": "array", "items": {"type": "boolean"}, "minItems": 3, "maxItems": 5},
    "pairs": {
        "type": "array",
        "items": {
            "type": "array",
            "prefixItems": [TEXT, WHOLE],
            "items": False,
            "minItems": 2,
        },
        "minItems": 2,
    },
    "shapes": {
        "type": "array",
        "items": {
            "anyOf": [
                shape("circle", radius={"type": "number", "minimum": 1}),
                shape("square", side=WHOLE, colour={"enum": ["red", "blue"]}),
                shape("point"),
            ]
        },
        "minItems": 1,
    },
    "tree": NODE,
    "expression": {
        "$ref": "#/$defs/e",
        "$defs": {
            "e": {
                "anyOf": [
                    {"type": "number"},
                    {
                        "type": "object",
                        "properties": {
                            "op": {"enum": ["+", "-"]},
                            "left": {"$ref": "#/$defs/e"},
                            "right": {"$ref": "#/$defs/e"},
                        },
                        "required": ["op", "left", "right"],
                        "additionalProperties": False,
                    },
                ]
            }
        },
    },
    "inheritance": {
        "allOf": [{"$ref": "#/$defs/base"}, {"properties": {"age": WHOLE}, "required": ["age"]}],
        "$defs": {"base": {"type": "object", "properties": {"id": TEXT}, "required": ["id"]}},
    },
    "map": {
        "type": "object",
        "additionalProperties": {"type": "array", "items": {"type": "integer"}, "minItems": 1},
    },
    "numbers": {
        "type": "object",
        "properties": {
            "low": {"type": "integer", "minimum": 100},
            "high": {"type": "number", "maximum": 0.5, "minimum": 0},
            "even": {"type": "integer", "minimum": 0, "multipleOf": 2},
        },
        "required": ["low", "high", "even"],
    },
    "formats": {
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid"},
            "born": {"type": "string", "format": "date"},
            "code": {"type": "string", "pattern": "^[A-Z]{2}-[0-9]{3}$"},
            "title": {"type": "string", "minLength": 5},
        },
        "required": ["id", "born", "code", "title"],
    },
    "nullable": {
        "type": "object",
        "properties": {"a": {"type": "string", "nullable": True}, "b": {"type": "boolean"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
}
BOUNDS = Bounds(40, 3)


@cache
def constraint(name: str) -> str:
    return prepare_schema(CORPUS[name], "llguidance", [BOUNDS]).constraints[0]


def held(schema: Any, bounds: Bounds = BOUNDS) -> Any:
    return json.loads(prepare_schema(schema, "llguidance", [bounds]).constraints[0])


def ended(text: str, found: Closing, seed: int) -> str | None:
    """The whole, where the model writes what is left to it by chance."""
    if not found.lark:
        return text + found.text
    grammar = llguidance.grammar_from("grammar", found.lark)
    wrong, messages = llguidance.LLMatcher.validate_grammar_with_warnings(grammar)
    assert not wrong, (found.lark, messages)
    rest = written(found.lark, seed, "grammar")
    return None if rest is None else text + rest


@pytest.mark.parametrize("name", CORPUS)
def test_cut_anywhere_what_is_closed_is_json_and_mostly_of_the_schema(name: str) -> None:
    schema, verifier = json.loads(constraint(name)), Verifier(with_nulls(CORPUS[name]))
    chance = random.Random(name)
    wrong: list[str] = []
    closed = places = 0
    for seed in range(6):
        text = written(constraint(name), seed) or ""
        ends = range(len(text) + 1)
        for end in sorted(chance.sample(ends, min(40, len(ends)))):
            places += 1
            found = closing(schema, text[:end])
            whole = None if found is None else ended(text[:end], found, seed)
            if whole is None:
                continue
            closed += 1
            json.loads(whole)
            if verifier.problem(whole) is not None:
                wrong.append(f"{text[:end]} || {whole[end:]}")
    assert closed >= 0.05 * places, "closed in too few places to be of use"
    assert len(wrong) <= 0.05 * closed, wrong


@settings(deadline=None, derandomize=True, database=None)
@given(documents(), st.integers(0, 99), st.data())
def test_of_any_schema_what_is_closed_is_json(schema: Any, seed: int, data: st.DataObject) -> None:
    try:
        made = prepare_schema(schema, "llguidance", [BOUNDS]).constraints[0]
    except UnusableSchema:
        return
    text = written(made, seed) or ""
    end = data.draw(st.integers(0, len(text)))
    found = closing(json.loads(made), text[:end])
    whole = None if found is None else ended(text[:end], found, seed)
    if whole is not None:
        json.loads(whole)


CLOSED: list[tuple[Any, str, str | None]] = [
    (TEXT, '"ab', '"'),
    ({"type": "string", "minLength": 3}, '"ab', None),
    ({"type": "string", "minLength": 2}, '"\\n\\u00e9', '"'),
    ({"type": "string", "pattern": "^a+$"}, '"a', None),
    ({"type": "string", "format": "date"}, '"2024', None),
    ({"enum": ["red", "green"]}, '"r', 'ed"'),
    ({"const": "x y"}, '"x', ' y"'),
    ({"type": "boolean"}, "fa", "lse"),
    ({"type": ["null", "string"]}, "n", "ull"),
    (WHOLE, "12", ""),
    (WHOLE, "-", None),
    ({"type": "number"}, "1.", None),
    ({"type": "number"}, "1e", None),
    ({"type": "integer", "minimum": 10}, "1", None),
    ({"type": "integer", "minimum": 10}, "12", ""),
    ({"type": "integer", "multipleOf": 3}, "12", None),
    ({"anyOf": [TEXT, {"type": "integer", "minimum": 10}]}, "1", None),
    ({"type": "array", "items": TEXT}, "[", "]"),
    ({"type": "array", "items": TEXT}, '["a', '"]'),
    ({"type": "array", "items": TEXT, "minItems": 1}, '["a"', "]"),
    ({"type": "object"}, "{", "}"),
    ({"type": "object"}, '{"a', None),
    ({"type": "object"}, '{"a":{"b":"c', '"}}'),
    (PERSON, '{"name":"A","age":36,"tags":["a","b', '"]}'),
    (PERSON, '{"name":"A","age":36,"tags":["a","b"]', "}"),
    (PERSON, '{"name":"A","age":3', None),
    (NODE, '{"value":1,"children":[{"value":2,"children":[', "]}]}"),
    ({"anyOf": [shape("a", x=TEXT), shape("b")]}, '{"kind":"b"', "}"),
    (TEXT, '"a\\', None),
    (TEXT, '"a\\u00', None),
    (TEXT, '"\\ud83d', None),
]


@pytest.mark.parametrize(("schema", "text", "rest"), CLOSED, ids=[text for _, text, _ in CLOSED])
def test_where_nothing_is_left_to_the_model(schema: Any, text: str, rest: str | None) -> None:
    found = closing(schema if "$ref" not in str(schema) else held(schema), text)
    assert (None if found is None else (found.text, found.lark)) == (
        None if rest is None else (rest, "")
    )


LEFT: list[tuple[Any, str, str, str]] = [
    (PERSON, '{"name":"A', '","age":20,"tags":["",""]}', '"}'),
    (PERSON, '{"name":"A","age":36,"tags":["a', '",""]}', '"]}'),
    (PERSON, '{"name":"A","age":', '20,"tags":["",""]}', "20}"),
    ({"anyOf": [shape("a", x=TEXT), shape("b")]}, '{"kind":"a"', ',"x":""}', "}"),
    ({"enum": ["red", "reddish"]}, '"red', '"', 'dis"'),
    (CORPUS["pairs"], '[["a"', ',5],["b",6]]', "]]"),
]


@pytest.mark.parametrize(("schema", "text", "rest", "wrong"), LEFT, ids=[one[1] for one in LEFT])
def test_what_is_left_to_the_model(schema: Any, text: str, rest: str, wrong: str) -> None:
    found = closing(schema, text)
    assert found is not None
    assert found.text == ""
    assert accepts(found.lark, rest, "grammar")
    assert not accepts(found.lark, wrong, "grammar")
    assert found.characters >= 1


def test_tokens_that_are_needed() -> None:
    assert needed(Closing('"]}')) == 0
    assert needed(Closing("", "start: v0", 100)) == 64


LETTER = {"type": "object", "properties": {"letter": TEXT}, "required": ["letter"]}
LONG = compact({"letter": "dear reader " * 20})[:-2]


def test_a_text_that_can_be_closed_where_it_ends_is_not_cut() -> None:
    made = cut(LETTER, LONG, 100, grammars=True)
    assert made is not None
    assert (made.text, made.closing.text, made.tokens) == (LONG, '"}', 100)


def test_it_is_cut_where_the_rest_fits() -> None:
    schema = {**LETTER, "properties": {**LETTER["properties"], "name": TEXT},  # type: ignore[dict-item]
              "required": ["letter", "name"]}  # fmt: skip
    made = cut(schema, LONG, 100, grammars=True)
    assert made is not None
    assert LONG.startswith(made.text)
    assert made.closing.lark
    assert made.tokens + needed(made.closing) <= 100
    assert made.text.endswith(("dear", "reader"))
    assert cut(schema, LONG, 100, grammars=False) is None


def test_it_is_not_cut_before_what_was_sent_already() -> None:
    text = '{"letter":"a","unfinished'
    made = cut({"type": "object"}, text, 10, grammars=False)
    assert made is not None
    assert made.text == '{"letter":"a"'
    assert cut({"type": "object"}, text, 10, grammars=False, floor=len('{"letter":"a",')) is None


@pytest.mark.parametrize("text", ["", "{", '{"a'])
def test_of_next_to_nothing(text: str) -> None:
    assert cut(PERSON, text, 0, grammars=False) is None
