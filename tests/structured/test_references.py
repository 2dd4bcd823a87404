"""Where references lead: pointers, anchors and ids, as the drafts differ."""

from typing import Any

import pytest

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.references import HOME, References


def found(schema: Any, reference: Any, base: str = HOME, *, draft: int = 2020) -> Any:
    return References(schema, draft=draft).find(reference, base)[0]


TARGET = {"type": "string"}
POINTERS = [
    ({"$defs": {"a": TARGET}}, "#/$defs/a"),
    ({"$defs": {"a/b": TARGET}}, "#/$defs/a~1b"),
    ({"$defs": {"a~b": TARGET}}, "#/$defs/a~0b"),
    ({"$defs": {"~1": TARGET}}, "#/$defs/~01"),
    ({"$defs": {"a b": TARGET}}, "#/$defs/a%20b"),
    ({"$defs": {"é": TARGET}}, "#/$defs/é"),
    ({"$defs": {"é": TARGET}}, "#/$defs/%C3%A9"),
    ({"$defs": {"": TARGET}}, "#/$defs/"),
    ({"anyOf": [{}, TARGET]}, "#/anyOf/1"),
    ({"components": {"schemas": {"A": TARGET}}}, "#/components/schemas/A"),
]


@pytest.mark.parametrize(("schema", "pointer"), POINTERS, ids=[pointer for _, pointer in POINTERS])
def test_a_pointer(schema: Any, pointer: str) -> None:
    assert found(schema, pointer) is TARGET


@pytest.mark.parametrize("reference", ["#", "", HOME])
def test_the_whole(reference: str) -> None:
    schema: Any = {"$defs": {}}
    assert found(schema, reference) is schema


def test_an_anchor() -> None:
    target = {"$anchor": "here"}
    assert found({"$defs": {"a": target}}, "#here") is target


def test_an_anchor_of_old_is_an_id() -> None:
    for draft, key in ((4, "id"), (7, "$id")):
        target = {key: "#here"}
        assert found({"definitions": {"a": target}}, "#here", draft=draft) is target


def test_an_id_is_an_address() -> None:
    target = {"$id": "https://example.com/b"}
    schema = {"$id": "https://example.com/a", "$defs": {"x": target}}
    assert found(schema, "b", "https://example.com/a") is target
    assert found(schema, "https://example.com/b#") is target


def test_an_id_changes_what_a_pointer_starts_from() -> None:
    inner = {"$id": "inner", "$defs": {"a": TARGET}, "$ref": "#/$defs/a"}
    references = References({"$defs": {"i": inner, "a": {"type": "null"}}}, draft=2020)
    _, base, _ = references.find("#/$defs/i", HOME)
    assert base == HOME + "inner"
    assert references.find("#/$defs/a", base)[0] is TARGET


def test_beside_a_reference_an_id_of_old_does_not_count() -> None:
    schema = {"$id": "inner", "$ref": "#/x"}
    assert References({}, draft=7).base(schema, HOME) == HOME
    assert References({}, draft=2019).base(schema, HOME) == HOME + "inner"


def test_all_ways_to_name_a_schema_come_to_one_address() -> None:
    schema = {"$id": "https://example.com/a", "$defs": {"x": TARGET}}
    references = References(schema, draft=2020)
    base = references.base(schema, HOME)
    names = ("#/$defs/x", "a#/$defs/x", "https://example.com/a#/$defs/x")
    assert {references.find(name, base)[2] for name in names} == {f"{base}#/$defs/x"}


MISSING = [
    "#/$defs/b",
    "#/$defs/a/type/deeper",
    "#/anyOf/7",
    "#/anyOf/x",
    "#nowhere",
    "http://example.com/schema",
    "file:///etc/passwd",
    "http://[broken",
]


@pytest.mark.parametrize("reference", MISSING)
def test_what_is_not_in_it_is_refused_by_name(reference: str) -> None:
    schema = {"$defs": {"a": TARGET}, "anyOf": [{}]}
    with pytest.raises(UnusableSchema, match="which is not in it") as refused:
        found(schema, reference)
    assert repr(reference) in str(refused.value)


@pytest.mark.parametrize("reference", [5, None, ["#"], {"a": 1}], ids=str)
def test_a_reference_is_a_text(reference: Any) -> None:
    with pytest.raises(UnusableSchema, match="'\\$ref' that is no text"):
        found({}, reference)
