"""Schemas of the kind that people write, drawn at random."""

from typing import Any

from hypothesis import strategies as st

Schema = Any

NAMES = ("a", "b", "c/d", "e~f", "é")
DEFINITIONS = ("one", "two")
FOLLOWED_FORMATS = ("date", "duration", "hostname", "ipv4", "ipv6", "uuid", "uri")
PATTERNS = ("^[a-c]+$", "^x\\d{2}$", "b", "^(yes|no)$", "^\\w{1,3}$", "^a|b$", "\\s")

few = st.integers(0, 3)


@st.composite
def keywords(draw: st.DrawFn, drawn: dict[str, st.SearchStrategy[Any]]) -> dict[str, Any]:
    """Some of them, in any order."""
    chosen = draw(st.lists(st.sampled_from(sorted(drawn)), unique=True, max_size=3))
    return {key: draw(drawn[key]) for key in chosen}


texts = st.one_of(
    keywords({"minLength": few, "maxLength": st.integers(2, 6)}),
    st.sampled_from(PATTERNS).map(lambda pattern: {"pattern": pattern}),
    st.sampled_from(FOLLOWED_FORMATS).map(lambda known: {"format": known}),
).map(lambda more: {"type": "string", **more})

limits = st.integers(-20, 20)
integers = keywords(
    {
        "minimum": limits,
        "maximum": limits,
        "exclusiveMinimum": limits,
        "exclusiveMaximum": limits,
        "multipleOf": st.integers(1, 7),
    }
).map(lambda more: {"type": "integer", **more})
numbers = keywords(
    {
        "minimum": limits | st.sampled_from([0.5, -1.25]),
        "maximum": limits | st.sampled_from([7.5]),
        "multipleOf": st.sampled_from([0.5, 1, 3]),
    }
).map(lambda more: {"type": "number", **more})
constants: st.SearchStrategy[Any] = st.sampled_from(
    ["x", "y", "é\n", 1, 2.5, True, None, [], {"a": 1}]
)
enums = st.lists(constants, min_size=1, max_size=4).map(lambda values: {"enum": values})
leaves = st.one_of(
    texts,
    integers,
    numbers,
    enums,
    constants.map(lambda value: {"const": value}),
    st.sampled_from([{"type": "boolean"}, {"type": "null"}, {}, {"type": ["string", "integer"]}]),
    st.sampled_from(DEFINITIONS).map(lambda name: {"$ref": f"#/$defs/{name}"}),
)


def objects(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    properties = st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
    return keywords(
        {
            "properties": properties,
            "required": st.lists(st.sampled_from(NAMES), unique=True, max_size=2),
            "additionalProperties": st.just(False) | inner,
            "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=1),
            "minProperties": few,
            "maxProperties": st.integers(1, 4),
        }
    ).map(lambda more: {"type": "object", **more})


def arrays(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    return keywords(
        {
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "minItems": few,
            "maxItems": few,
            "uniqueItems": st.booleans(),
            "contains": inner,
        }
    ).map(lambda more: {"type": "array", **more})


@st.composite
def composed(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    """Branches, and what stands beside them."""
    key = draw(st.sampled_from(["anyOf", "oneOf", "allOf"]))
    branches = draw(st.lists(inner, min_size=1, max_size=3))
    beside: Schema = draw(st.one_of(st.just({}), inner))
    return {**beside, key: branches}


@st.composite
def nullable(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    return {**draw(inner), "nullable": True}


schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(objects(inner), arrays(inner), composed(inner), nullable(inner)),
    max_leaves=6,
)


@st.composite
def documents(draw: st.DrawFn) -> Schema:
    """Whole schemas: definitions, which may hold themselves, and now and then an older draft."""
    root = draw(schemas)
    draft = draw(st.sampled_from([{}, {}, {"$schema": "http://json-schema.org/draft-07/schema#"}]))
    return {**draft, **root, "$defs": {name: draw(schemas) for name in DEFINITIONS}}
