"""A tool's parameter schema: small enough to be used at all, and what a model is held to.

A schema from a client is hostile until `expand` has let it through: no references are left then,
so that compiling, constraining and verifying all take time in its size alone.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

MAX_VALUES = 2_000
"""Values of all kinds in one schema, each counted wherever a reference puts it."""

MAX_DEPTH = 32
MAX_CHARACTERS = 100_000
"""Of all names and texts in one schema together."""

MAX_PATTERNS = 64
"""Regular expressions in one schema: each takes a few milliseconds to compile at its worst."""

MAX_TEXT = 200
"""Characters of a client's own words that an error repeats."""

_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset(
    {
        *("items", "additionalProperties", "contains", "propertyNames", "not", "if", "then"),
        *("else", "unevaluatedItems", "unevaluatedProperties"),
    }
)
_DROPPED = frozenset(
    {
        *("$schema", "$id", "id", "$anchor", "$comment", "$defs", "definitions", "title"),
        *("description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$ref"),
    }
)
_REFUSED = frozenset({"$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$vocabulary"})


class UnusableSchema(ValueError):
    """What is wrong with a schema; reads on after "the schema"."""


def quoted(words: Any) -> str:
    """A client's own words in an error, cut to a readable length."""
    return repr(words)[:MAX_TEXT]


def expand(schema: Any) -> Any:
    """The schema without references and annotations. Raises UnusableSchema."""
    return _Expansion(schema).schema(schema, 1)


@dataclass(slots=True)
class _Expansion:
    root: Any
    values: int = 0
    characters: int = 0
    patterns: int = 0
    active: list[str] = field(default_factory=list)

    def schema(self, schema: Any, depth: int) -> Any:
        self._count(schema, depth)
        if not isinstance(schema, Mapping):
            return schema
        expanded: dict[str, Any] = {}
        for key, value in schema.items():
            if key in _REFUSED:
                raise UnusableSchema(f"uses {key}, which is not read here")
            if key not in _DROPPED:
                self._count(key, depth)
                expanded[key] = self._keyword(key, value, depth + 1)
        if isinstance(items := expanded.get("items"), list):  # before draft 2020-12
            expanded |= {"prefixItems": items, "items": True}
        if "$ref" not in schema:
            return expanded
        target = self._referred(schema["$ref"], depth)
        if not expanded:
            return target
        return {**expanded, "allOf": [*expanded.get("allOf", ()), target]}

    def _keyword(self, key: str, value: Any, depth: int) -> Any:
        if key in _NAMED and isinstance(value, Mapping):
            self.characters += sum(map(len, value))
            self._count_patterns(len(value) if key == "patternProperties" else 0)
            return {name: self.schema(item, depth + 1) for name, item in value.items()}
        if (key in _LISTED or key == "items") and isinstance(value, list):
            return [self.schema(item, depth + 1) for item in value]
        if key in _SINGLE:
            return self.schema(value, depth)
        self._count_patterns(key == "pattern")
        return self._plain(value, depth)

    def _plain(self, value: Any, depth: int) -> Any:
        self._count(value, depth)
        if isinstance(value, Mapping):
            self.characters += sum(map(len, value))
            for item in value.values():
                self._plain(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                self._plain(item, depth + 1)
        return value

    def _count(self, value: Any, depth: int) -> None:
        self.values += 1
        if isinstance(value, str):
            self.characters += len(value)
        if self.values > MAX_VALUES:
            raise UnusableSchema(f"has more than {MAX_VALUES} values")
        if self.characters > MAX_CHARACTERS:
            raise UnusableSchema(f"has more than {MAX_CHARACTERS} characters")
        if depth > MAX_DEPTH:
            raise UnusableSchema(f"is nested deeper than {MAX_DEPTH} levels")

    def _count_patterns(self, number: int) -> None:
        self.patterns += number
        if self.patterns > MAX_PATTERNS:
            raise UnusableSchema(f"has more than {MAX_PATTERNS} patterns")

    def _referred(self, reference: Any, depth: int) -> Any:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise UnusableSchema(
                f"refers to {quoted(reference)}: put it under $defs, nothing is fetched"
            )
        with self._entered(reference):
            return self.schema(self._find(reference), depth)

    @contextmanager
    def _entered(self, reference: str) -> Iterator[None]:
        if reference in self.active or reference in ("#", "#/"):
            raise UnusableSchema(f"refers to itself by {quoted(reference)}, which cannot be used")
        if len(self.active) == MAX_DEPTH:
            raise UnusableSchema(f"has references within references, more than {MAX_DEPTH} deep")
        self.active.append(reference)
        try:
            yield
        finally:
            self.active.pop()

    def _find(self, reference: str) -> Any:
        node = self.root
        for part in reference[2:].split("/"):
            name = part.replace("~1", "/").replace("~0", "~")
            if isinstance(node, Mapping) and name in node:
                node = node[name]
            elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
                node = node[int(name)]
            else:
                raise UnusableSchema(f"refers to {quoted(reference)}, which is not there")
        return node
