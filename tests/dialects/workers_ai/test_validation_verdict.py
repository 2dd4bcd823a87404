"""Valid or not: the same verdict as a JSON Schema validator, where `oneOf` reads `anyOf`."""

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.settings import package_data

SCHEMAS = load_schemas(package_data(), None)
FLAG = "x-accept-text-boolean"

NUMBERS = st.sampled_from([-3, -2, 0, 0.001, 1, 2, 5, 5.0, 5.5, 50, 51, 9999999999, 10000000000])
TEXTS = st.sampled_from(
    ["", "a", "clef", "true", "false", "mean", "json_object", "abcdefghi", "data:,"]
)
LEAVES: st.SearchStrategy[Any] = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "string": TEXTS,
    "integer": NUMBERS,
    "number": NUMBERS,
    "boolean": st.booleans(),
    "object": st.dictionaries(TEXTS, LEAVES, max_size=1),
}
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("ab"), inner, max_size=2)
    ),
    max_leaves=4,
)


def plain(schema: Any) -> Any:
    """The schema in words of the standard: what is ours is spelled out."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get(FLAG):
        return {"enum": [True, False, "true", "false"]}
    if schema.get("format") == "binary":
        return False  # raw bytes: no JSON value is that
    if schema.get("x-any-type"):
        return True
    if schema.get("x-octets"):
        return {"anyOf": [_array(schema), {**_array(schema), "type": "object"}]}
    return {"anyOf" if key == "oneOf" else key: plain(item) for key, item in schema.items()}


def _array(schema: dict[str, Any]) -> dict[str, Any]:
    """An array of bytes; as an object, its values are what its items are."""
    return {"type": "array", "items": schema["items"], "additionalProperties": schema["items"]}


def near(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema nearly takes: its own shape, with something wrong here and there."""
    choices = [near(branch) for branch in schema.get("oneOf", [])]
    if "properties" in schema:
        choices.append(nearly_object(schema))
    if "items" in schema:
        least = schema.get("minItems", 0)
        choices.append(st.lists(near(schema["items"]), min_size=least, max_size=least + 1))
    if "enum" in schema:
        choices.append(st.sampled_from(schema["enum"]))
    right = st.one_of(*choices) if choices else OF_TYPE.get(schema.get("type", ""), LEAVES)
    return st.integers(0, 19).flatmap(lambda die: right if die else ANYTHING)


@st.composite
def nearly_object(draw: st.DrawFn, schema: dict[str, Any]) -> dict[str, Any]:
    known = schema["properties"]
    names = draw(st.lists(st.sampled_from(sorted(known)), max_size=2))
    if draw(st.integers(0, 4)):
        names += schema.get("required", [])
    value = {name: draw(near(known[name])) for name in names}
    if draw(st.booleans()):
        value["unknown"] = draw(LEAVES)
    return value


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_verdicts_agree(name: str) -> None:
    document = SCHEMAS[name].document
    standard = jsonschema_rs.validator_for(plain(document))
    verdicts: set[bool] = set()

    @settings(max_examples=100, deadline=None, database=None, derandomize=True)
    @given(near(document))
    def agree(value: Any) -> None:
        verdict = SCHEMAS[name].validate(value) == []
        assert verdict == standard.is_valid(value), value
        verdicts.add(verdict)

    agree()
    assert verdicts == {True, False}, "the values made here are all of one kind"
