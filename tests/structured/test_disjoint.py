"""`oneOf` means `anyOf` where no value can be of two branches."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.structured.disjoint import MAX_BRANCHES, are_disjoint
from fogbank.structured.references import HOME, References
from fogbank.structured.verification import Verifier


def disjoint(*branches: Any, **definitions: Any) -> bool:
    schema = {"oneOf": list(branches), "$defs": definitions}
    return are_disjoint(list(branches), HOME, References(schema, draft=2020))


def kind(value: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"kind": value}, "required": ["kind"], **more}


APART = [
    ({"type": "string"}, {"type": "integer"}, {"type": "null"}),
    ({"type": ["string", "null"]}, {"type": ["integer", "boolean"]}),
    ({"const": 1}, {"const": True}, {"enum": ["a", None]}),
    ({"enum": ["a", "b"]}, {"const": "c"}),
    (kind({"const": "a"}), kind({"enum": ["b", "c"]})),
    ({"type": "string"},),
    (),
]
TOGETHER = [
    ({"type": "integer"}, {"type": "number"}),
    ({"type": "string", "nullable": True}, {"type": "null"}),
    ({"const": 1}, {"const": 1.0}),
    ({"const": [1]}, {"const": [1.0]}),
    ({"const": {"a": 1, "b": 2}}, {"const": {"b": 2, "a": 1}}),
    ({"enum": ["a", "b"]}, {"enum": ["b", "c"]}),
    ({"type": "string", "maxLength": 3}, {"type": "string", "minLength": 5}),
    (kind({"const": "a"}), {**kind({"const": "b"}), "type": ["object", "null"]}),
    (kind({"const": "a"}), kind({"const": "b"}, required=[])),
    (kind({"const": "a"}), {"properties": {"kind": {"const": "b"}}, "required": ["kind"]}),
    ({}, {"type": "string"}),
    (True, {"type": "string"}),
]


@pytest.mark.parametrize("branches", APART, ids=json.dumps)
def test_apart(branches: tuple[Any, ...]) -> None:
    assert disjoint(*branches)


@pytest.mark.parametrize("branches", TOGETHER, ids=json.dumps)
def test_perhaps_together(branches: tuple[Any, ...]) -> None:
    assert not disjoint(*branches)


def test_references_are_followed() -> None:
    cat, dog = {"$ref": "#/$defs/cat"}, {"$ref": "#/$defs/dog"}
    assert disjoint(cat, dog, cat=kind({"const": "cat"}), dog=kind({"const": "dog"}))
    assert not disjoint(cat, dog, cat=kind({"const": "cat"}))


def test_of_many_nothing_is_said() -> None:
    assert disjoint(*({"const": at} for at in range(MAX_BRANCHES)))
    assert not disjoint(*({"const": at} for at in range(MAX_BRANCHES + 1)))


def test_a_number_that_no_machine_word_holds() -> None:
    assert disjoint({"const": 1e20}, {"const": 1})


values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["a", "b", 1.0, 0.5]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=4,
)


@given(st.lists(values, min_size=1, max_size=4), st.lists(values, min_size=1, max_size=4))
def test_constants_that_are_apart_share_no_value(mine: list[Any], theirs: list[Any]) -> None:
    one, other = {"enum": mine}, {"enum": theirs}
    if disjoint(one, other):
        verifier = Verifier(other)
        assert [value for value in mine if verifier.problem_of(value) is None] == []
