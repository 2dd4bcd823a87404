"""How much work a schema is to verify: what it grows to when its references are followed."""

from collections.abc import Iterator, Mapping
from typing import Any

from fogbank.structured.budget import LISTED, NAMED, SINGLE, UnusableSchema, quoted
from fogbank.structured.draft import draft_of
from fogbank.structured.references import HOME, References

MAX_EXPANDED = 100_000
"""Schemas, each counted wherever a reference puts it. A value is held against each at most once
for each of its own parts."""

IN_PLACE = frozenset({"allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas",
                      "dependencies"})  # fmt: skip
"""What is held against the same value as the schema around it."""


def is_recursive(schema: Any) -> bool:
    """Whether a schema contains itself. Raises UnusableSchema where that has no end."""
    expansion = _Expansion(References(schema, draft=draft_of(schema)))
    try:
        expansion.size(schema, HOME, ())
    except RecursionError:
        raise UnusableSchema("has too many references within references") from None
    return expansion.recursive


class _Expansion:
    def __init__(self, references: References) -> None:
        self._references = references
        self._sizes: dict[str, int | None] = {}
        self.recursive = False

    def size(self, schema: Any, base: str, chain: tuple[str, ...]) -> int:
        """`chain` holds the addresses that led here without a step into the value."""
        if not isinstance(schema, Mapping):
            return 1
        base = self._references.base(schema, base)
        total = 1
        if "$ref" in schema:
            total += self._referred(schema["$ref"], base, chain)
            if self._references.legacy:
                return total
        for key, part in _parts(schema):
            total += self.size(part, base, chain if key in IN_PLACE else ())
            if total > MAX_EXPANDED:
                raise UnusableSchema(
                    f"grows to more than {MAX_EXPANDED} schemas when its references are followed"
                )
        return total

    def _referred(self, reference: Any, base: str, chain: tuple[str, ...]) -> int:
        target, target_base, address = self._references.find(reference, base)
        if address in chain:
            raise UnusableSchema(
                f"refers to itself by {quoted(reference)} with nothing in between, without an end"
            )
        if address not in self._sizes:
            self._sizes[address] = None
            self._sizes[address] = self.size(target, target_base, (*chain, address))
        size = self._sizes[address]
        if size is None:
            self.recursive = True
        return size or 1


def _parts(schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas that stand in it, with their keyword; definitions count where they are used."""
    for key, value in schema.items():
        if key in ("$defs", "definitions"):
            continue
        if (key in NAMED or key == "dependencies") and isinstance(value, Mapping):
            yield from ((key, item) for item in value.values())
        elif key in LISTED or key in SINGLE:
            yield from ((key, item) for item in (value if isinstance(value, list) else [value]))
