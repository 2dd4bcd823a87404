"""What a schema from a client may cost: it is hostile until `check` has let it through."""

from collections.abc import Iterator, Mapping
from typing import Any

MAX_BYTES = 256 * 1024
"""Of a schema as JSON text. The largest of 11,000 that were collected in public has 150 kB."""

MAX_VALUES = 20_000
MAX_DEPTH = 100
"""Levels of JSON: readers of schemas are recursive, and some end at 128."""

MAX_ENUM = 5_000
MAX_PATTERNS = 200
MAX_PATTERN = 2_000
"""Characters of one regular expression."""

LEAST = {"minLength": 20_000, "minItems": 2_000, "minProperties": 500, "minContains": 500}
"""More than this of a text, list or object no answer can hold."""

MAX_TEXT = 200
"""Characters of a client's own words that an error repeats."""

NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords that hold schemas by name."""

LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
SINGLE = frozenset(
    {
        *("items", "additionalItems", "additionalProperties", "contains", "propertyNames", "not"),
        *("if", "then", "else", "unevaluatedItems", "unevaluatedProperties"),
    }
)


class UnusableSchema(ValueError):
    """What is wrong with a schema; reads on after "the JSON schema"."""


def quoted(words: Any) -> str:
    """A client's own words in an error, cut to a readable length."""
    return repr(words)[:MAX_TEXT]


def check(schema: Any) -> None:
    """Raises UnusableSchema for a schema that is too large or of no use, saying which part."""
    if not isinstance(schema, (Mapping, bool)):
        raise UnusableSchema("is neither an object nor true or false")
    patterns = 0
    for values, (key, value, depth) in enumerate(_values(schema), 1):
        if values > MAX_VALUES:
            raise UnusableSchema(f"has more than {MAX_VALUES} values")
        if depth > MAX_DEPTH:
            raise UnusableSchema(f"is nested deeper than {MAX_DEPTH} levels")
        if key == "enum" and isinstance(value, list) and len(value) > MAX_ENUM:
            raise UnusableSchema(f"has an 'enum' of more than {MAX_ENUM} values")
        if key in LEAST and isinstance(value, (int, float)) and value > LEAST[key]:
            raise UnusableSchema(f"asks for {key!r} of more than {LEAST[key]}")
        for pattern in _patterns(key, value):
            patterns += 1
            if len(pattern) > MAX_PATTERN:
                raise UnusableSchema(f"has a 'pattern' of more than {MAX_PATTERN} characters")
            if patterns > MAX_PATTERNS:
                raise UnusableSchema(f"has more than {MAX_PATTERNS} patterns")


def _values(schema: Any) -> Iterator[tuple[str | None, Any, int]]:
    """Every value in it, with the key that it stands under and its level."""
    stack: list[tuple[str | None, Any, int]] = [(None, schema, 1)]
    while stack:
        key, value, depth = stack.pop()
        yield key, value, depth
        if depth > MAX_DEPTH:
            return
        if isinstance(value, Mapping):
            stack.extend((name, item, depth + 1) for name, item in value.items())
        elif isinstance(value, list):
            stack.extend((None, item, depth + 1) for item in value)


def _patterns(key: str | None, value: Any) -> list[str]:
    if key == "pattern" and isinstance(value, str):
        return [value]
    return list(value) if key == "patternProperties" and isinstance(value, Mapping) else []
