"""Formats made ready, and the jobs of the examiner."""

import json
from typing import Any

import orjson
import pytest

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.narrowing import Bounds
from fogbank.structured.preparation import (
    ANY_JSON,
    MAX_REGEX,
    answer,
    either,
    prepare_regex,
    prepare_schema,
)
from tests.structured.constrained import accepts, compact

LEVELS = [Bounds(), Bounds(80, 3, terse=True), Bounds(24, 1, terse=True)]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "born": {"type": "integer"}},
    "required": ["name"],
}
TREE = {"type": "object", "properties": {"children": {"items": {"$ref": "#"}}}}


def test_levels_are_narrower_and_narrower() -> None:
    made = prepare_schema(PERSON, "llguidance", LEVELS)
    long, short = {"name": "x" * 30, "born": 5}, {"name": "x" * 30}
    held = [(accepts(text, compact(long)), accepts(text, compact(short)))
            for text in made.constraints]  # fmt: skip
    assert held == [(True, True), (False, True), (False, False)]
    assert (made.after, made.recursive, made.checked) == ((), False, None)


def test_levels_that_are_alike_are_one() -> None:
    assert len(prepare_schema({"const": 1}, "llguidance", LEVELS).constraints) == 1


def test_a_level_that_no_value_fits_is_left_out() -> None:
    schema = {"type": "string", "pattern": "^a{100}$"}
    terse = Bounds(10, 1, terse=True)
    for levels in ([terse], [Bounds(), terse]):
        made = prepare_schema(schema, "llguidance", levels)
        assert [accepts(text, f'"{"a" * 100}"') for text in made.constraints] == [True]


def test_what_a_level_leaves_out_is_still_met() -> None:
    """Bounded, an object has the properties that it lists and no others: here too few."""
    schema = {**PERSON, "required": ["name", "born"], "minProperties": 3}
    for text in prepare_schema(schema, "llguidance", LEVELS[1:]).constraints:
        assert not accepts(text, '{"name":"Ada","born":1815}')
        assert accepts(text, '{"name":"Ada","born":1815,"died":1852}')


def test_what_contains_itself_is_said() -> None:
    assert prepare_schema(TREE, "llguidance", LEVELS).recursive


def test_what_is_verified_with_where_it_is_not_what_was_sent() -> None:
    schema = {"type": "string", "nullable": True}
    made = prepare_schema(schema, "llguidance", LEVELS)
    assert made.checked == {"type": ["string", "null"], "nullable": True}


def test_null_is_verified_where_it_may_be_written() -> None:
    """Wherever a nullable schema stands: OpenAPI keeps them under `components`."""
    name = {"type": "string", "nullable": True}
    schema = {"$ref": "#/components/schemas/Name", "components": {"schemas": {"Name": name}}}
    made = prepare_schema(schema, "llguidance", [Bounds()])
    told = answer({"schema": json.dumps(made.checked or schema), "verify": "null"})
    assert accepts(made.constraints[0], "null") is (told == {"problem": None})


def test_what_a_back_end_does_not_follow_is_left_out() -> None:
    made = prepare_schema({"type": "string", "pattern": "^(?=a)"}, "llguidance", LEVELS[:1])
    assert (made.after, "pattern" in made.constraints[0]) == (("pattern",), False)
    made = prepare_schema({"type": "integer", "minimum": 3}, "outlines_core", LEVELS[:1])
    assert (made.after, made.constraints) == (("minimum",), ('{"type":"integer"}',))
    made = prepare_schema({"type": "integer", "minimum": 3}, "xgrammar", LEVELS[:1])
    assert (made.after, "minimum" in made.constraints[0]) == ((), True)


@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [{"type": "object"}], "nullable": True},
        {"allOf": [{"$ref": "#/$defs/a"}], "nullable": True, "$defs": {"a": {"type": "object"}}},
        {"enum": ["a"], "nullable": True},
    ],
    ids=str,
)
def test_nullable_beside_another_keyword_means_the_same_to_both(schema: Any) -> None:
    made = prepare_schema(schema, "llguidance", [Bounds()])
    told = answer({"schema": json.dumps(made.checked or schema), "verify": "null"})
    assert accepts(made.constraints[0], "null") is (told == {"problem": None})


def test_what_no_answer_ends_is_refused() -> None:
    endless = {"type": "object", "properties": {"n": {"$ref": "#"}}, "required": ["n"]}
    with pytest.raises(UnusableSchema, match="allows no value"):
        prepare_schema(endless, "llguidance", [Bounds()])


WHOLE_NUMBERS = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]


@pytest.mark.parametrize("key", WHOLE_NUMBERS)
def test_a_count_may_be_written_with_a_point(key: str) -> None:
    prepare_schema({key: 2.0}, "llguidance", LEVELS)


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"type": "number", "minimum": 3, "maximum": 2}, "allows no value: minimum"),
        ({"type": "string", "const": 1}, "allows no value"),
        (
            {"type": "object", "required": ["a"], "additionalProperties": False},
            "allows no value: required property",
        ),
        (False, "allows no value"),
        ({"type": "strin"}, "is no JSON Schema"),
        ({"$ref": "#"}, "refers to itself"),
        ([], "is neither an object"),
    ],
    ids=str,
)
def test_unusable_schemas(schema: Any, reason: str) -> None:
    with pytest.raises(UnusableSchema, match=reason):
        prepare_schema(schema, "llguidance", LEVELS)


def test_regular_expressions() -> None:
    made = prepare_regex("[a-c]+|x", "llguidance")
    assert accepts(made.constraints[0], "abc", "regex")
    assert not accepts(made.constraints[0], "abx", "regex")


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a" * (MAX_REGEX + 1), "more than 1000 characters"),
        ("(", "unclosed group"),
        ("a(?=b)", "look-around"),
        ("(a)\\1", "backreferences"),
        ("\\bfoo", "cannot be followed: .*[a-z]"),
    ],
)
def test_unusable_regular_expressions(pattern: str, reason: str) -> None:
    with pytest.raises(UnusableSchema, match=reason):
        prepare_regex(pattern, "llguidance")


def test_a_pattern_from_end_to_end() -> None:
    assert accepts(either(["a.b", "(c)", "d|e"]), "d|e", "regex")
    assert not accepts(either(["a.b"]), "axb", "regex")


def job(**more: Any) -> dict[str, Any]:
    return answer({"backend": "llguidance", "levels": [[None, None, False]], **more})


def test_jobs() -> None:
    made = job(schema=json.dumps(ANY_JSON))
    assert made == {
        "constraints": ('{"type":["object","array"],"x-guidance":{"whitespace_flexible":false}}',),
        "after": (), "recursive": False, "shortest": 2, "checked": None,
    }  # fmt: skip
    assert orjson.dumps(made)
    assert job(regex="a+")["constraints"] == ("a+",)
    assert job(schema='{"type":"integer"}', verify="1") == {"problem": None}
    assert job(schema='{"type":"integer"}', verify="x") == {"problem": "it is not JSON"}


@pytest.mark.parametrize(
    "asked", [{"schema": '{"type":"x"}'}, {"regex": "("}, {"schema": '{"type":"x"}', "verify": ""}]
)
def test_jobs_that_are_refused(asked: dict[str, Any]) -> None:
    assert job(**asked).keys() == {"refused"}
