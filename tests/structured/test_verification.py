"""Whether a finished answer is what was asked for."""

from typing import Any

import pytest

from fogbank.structured.budget import MAX_TEXT, UnusableSchema
from fogbank.structured.verification import MAX_DEPTH, RegexVerifier, Verifier, is_deep

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 5}, "born": {"format": "date"}},
    "required": ["name"],
}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"name":"Ada"}', None),
        ('{"name":"Ada","born":"1815-12-10"}', None),
        ('{"name":"Ada","born":"in 1815"}', '"in 1815" is not a "date"'),
        ('{"name":"Augusta"}', '"Augusta" is longer than 5 characters'),
        ("{}", '"name" is a required property'),
        ('{"name":', "it is not JSON"),
        ("", "it is not JSON"),
        ("NaN", "it is not JSON"),
        ("[" * 101 + "]" * 101, f"it is nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_problems_are_told(text: str, problem: str | None) -> None:
    assert Verifier(PERSON).problem(text) == problem


def test_what_is_told_is_short() -> None:
    assert len(Verifier({"type": "integer"}).problem_of("x" * 10_000) or "") == MAX_TEXT


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "text"}, "text"),
        ({"required": "name"}, "name"),
        ({"$ref": "https://example.com/schema"}, "https://example.com/schema"),
        ({"$ref": "#/$defs/missing"}, "missing"),
        ({"pattern": "("}, "("),
        ({"$schema": "https://example.com/draft"}, "https://example.com/draft"),
    ],
)
def test_a_schema_that_is_none(schema: Any, words: str) -> None:
    with pytest.raises(UnusableSchema) as refused:
        Verifier(schema)
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_regular_expressions_may_look_around() -> None:
    schema = {"type": "string", "pattern": "^(?=a)"}
    assert Verifier(schema).problem_of("ab") is None
    assert Verifier(schema).problem_of("ba") is not None


@pytest.mark.parametrize(
    ("pattern", "right", "wrong"),
    [
        ("[[:alpha:]]+", "ab", "a1"),
        ("[a-z&&[^b]]+", "ac", "ab"),
        (r"\d{2}", "6꤃", "6"),
        ("a|b", "b", "ab"),
        ("", "", "a"),
    ],
)
def test_a_regex_means_what_it_means_while_an_answer_is_written(
    pattern: str, right: str, wrong: str
) -> None:
    verifier = RegexVerifier(pattern)
    assert verifier.problem(right) is None
    assert verifier.problem(wrong) == "it does not match the regex"


@pytest.mark.timeout(10)
def test_a_regular_expression_that_backtracks_is_given_up() -> None:
    verifier = Verifier({"type": "string", "pattern": "^(?=(a+)+$)a"})
    assert verifier.problem_of("a" * 5_000 + "b") is not None


@pytest.mark.timeout(10)
def test_a_value_that_is_wrong_in_a_million_places_is_wrong_at_once() -> None:
    verifier = Verifier({"items": {"allOf": [{"type": "string"}] * 500}})
    assert verifier.problem_of([1] * 3_000) == '1 is not of type "string"'


def test_values_that_are_no_json() -> None:
    assert Verifier({}).problem_of(2**70) is None
    assert Verifier({"type": "string"}).problem_of(2**70)


def test_depth() -> None:
    assert not is_deep("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert is_deep("[" * (MAX_DEPTH + 1))
    assert not is_deep("[[]" + ",[]" * 500 + "]")
