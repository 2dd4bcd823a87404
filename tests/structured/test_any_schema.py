"""Whatever is sent as a schema is refused in words, or made ready."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.structured.examination import EXAMINATION, Lost
from fogbank.structured.keywords import ENFORCED, FORMATS, REFUSED, VERIFIED, VERIFIED_FORMATS

LEVELS = [[None, None, False], [200, 10, False], [80, 3, True]]


def look_at(schema: Any) -> None:
    """As it comes through JSON."""
    try:
        schema = orjson.loads(orjson.dumps(schema))
    except orjson.JSONEncodeError:
        return
    job = {"schema": orjson.dumps(schema).decode(), "backend": "llguidance", "levels": LEVELS}
    try:
        told = EXAMINATION.ask_now(job)
    except Lost:  # as good as refused: nothing else was lost with it
        return
    assert told.get("refused") or all(told["constraints"])
    assert "cannot be read" not in told.get("refused", ""), told


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["#", "#/$defs/a", "string", "object", "^a+$", "date"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "", "a/b", "$ref"]) | st.text(max_size=5), inner)
    ),
    max_leaves=5,
)
small = st.integers(0, 5)
names = st.text(max_size=3)
numbers = st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False)
kinds = st.sampled_from(["string", "number", "integer", "boolean", "null", "object", "array"])
texts = st.lists(names, max_size=3, unique=True)


def well_formed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """As the schema of schemas has it."""
    some, named = st.lists(inner, min_size=1, max_size=2), st.dictionaries(names, inner, max_size=2)
    patterns = st.from_regex("[a-c.^$|*+?()]{0,6}", fullmatch=True)
    parts = {
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), some),
        **dict.fromkeys(("properties", "$defs", "definitions", "dependentSchemas"), named),
        **dict.fromkeys(("not", "if", "then", "else", "items", "contains"), inner),
        **dict.fromkeys(("additionalProperties", "propertyNames"), inner),
        **dict.fromkeys(("unevaluatedProperties", "unevaluatedItems"), inner),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), small),
        **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), small),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), numbers),
        **dict.fromkeys(("uniqueItems", "nullable"), st.booleans()),
        "multipleOf": numbers.filter(lambda number: number > 0),
        "type": kinds | st.lists(kinds, min_size=1, unique=True),
        "required": texts,
        "dependentRequired": st.dictionaries(names, texts, max_size=2),
        "const": values,
        "enum": st.lists(values, min_size=1, max_size=3),
        "pattern": patterns,
        "patternProperties": st.dictionaries(patterns, inner, max_size=2),
        "format": st.sampled_from(sorted(FORMATS | VERIFIED_FORMATS)) | names,
        "$ref": st.sampled_from(["#", "#/$defs/a", "#/properties/a", "#/items"]),
    }
    keys = st.lists(st.sampled_from(sorted(parts)), max_size=4, unique=True)
    return keys.flatmap(lambda some: st.fixed_dictionaries({key: parts[key] for key in some}))


KEYWORDS = sorted(
    ENFORCED | VERIFIED | REFUSED | {"$id", "id", "$anchor", "nullable", "definitions", "$defs"}
)
DRAFTS = [{"$schema": f"http://json-schema.org/draft-0{draft}/schema#"} for draft in (4, 6, 7)]
soup = st.recursive(
    st.booleans(),
    lambda inner: st.dictionaries(
        st.sampled_from(KEYWORDS),
        inner | values | st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
        max_size=4,
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(st.recursive(st.booleans(), well_formed, max_leaves=12))
def test_of_the_schema_of_schemas(schema: Any) -> None:
    look_at(schema)


@settings(deadline=None, max_examples=300)
@given(soup, st.sampled_from([{}, *DRAFTS]))
def test_of_keywords_with_anything(schema: Any, draft: Any) -> None:
    look_at({**draft, **schema} if isinstance(schema, dict) else schema)


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(KEYWORDS), st.sampled_from(KEYWORDS), values, values,
       st.sampled_from([{}, *DRAFTS]))  # fmt: skip
def test_of_two_keywords(one: str, other: str, mine: Any, theirs: Any, draft: Any) -> None:
    """What an older draft does not know is not looked at before."""
    look_at({**draft, "type": ["object", "array", "number"], one: mine, other: theirs})


@given(values)
def test_of_any_value(value: Any) -> None:
    look_at(value)


@pytest.mark.parametrize("key", KEYWORDS)
def test_of_each_keyword(key: str) -> None:
    beside: dict[str, Any] = {"contains": {}} if key in ("minContains", "maxContains") else {}
    for value in (5, "x", None, [], [5], {}, {"a": 5}):
        for draft in ({}, *DRAFTS):
            look_at({**draft, **beside, key: value})
