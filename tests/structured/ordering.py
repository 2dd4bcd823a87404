"""A value with its properties in an order that a constraint may ask for.

llguidance writes the properties of an object in the order of its schema, those of a branch of
`anyOf` or of what `allOf` adds before or after. Which it is, is tried.
"""

from collections.abc import Iterator
from itertools import permutations
from typing import Any, Literal

import jsonschema_rs

Schema = Any
Source = Literal["own", "joined", "branch"]
SOURCES: tuple[Source, ...] = ("own", "joined", "branch")
DEEPEST = 10
ATTEMPTS = 4
"""Of the branches that a value is valid against, how many are tried as the one it is written in."""


def orders(value: Any, constraint: dict[str, Any]) -> Iterator[Any]:
    """The value in each order that is tried."""
    for number in range(ATTEMPTS):
        for sources in permutations(SOURCES):
            yield _Order(constraint, number, sources).of(value, [constraint])


class _Order:
    def __init__(self, root: dict[str, Any], number: int, sources: tuple[Source, ...]) -> None:
        self._definitions = root.get("$defs", {})
        self._number = number
        self._sources = sources

    def of(self, value: Any, schemas: list[Schema]) -> Any:
        """`schemas` are all that the value is held against."""
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return int(value)
        if isinstance(value, list):
            views = list(self._views(schemas, value))
            return [
                self.of(item, [_item(view, at) for view in views]) for at, item in enumerate(value)
            ]
        if isinstance(value, dict):
            return self._object(value, list(self._views(schemas, value)))
        return value

    def _object(self, value: dict[str, Any], views: list[dict[str, Any]]) -> dict[str, Any]:
        listed: dict[str, list[Schema]] = {}
        others: list[Schema] = []
        for view in views:
            for name, schema in view.get("properties", {}).items():
                listed.setdefault(name, []).append(schema)
            others.append(view.get("additionalProperties"))
            others.extend(view.get("patternProperties", {}).values())
        names = [name for name in listed if name in value]
        names += [name for name in value if name not in listed]
        return {name: self.of(value[name], listed.get(name, others)) for name in names}

    def _views(self, schemas: list[Schema], value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
        """All that a value is held against, one branch of each `anyOf`."""
        for schema in schemas:
            if not isinstance(schema, dict) or depth > DEEPEST:
                continue
            joined = list(schema.get("allOf", []))
            if "$ref" in schema:
                joined.append(self._definitions[schema["$ref"].rpartition("/")[2]])
            for source in self._sources:
                if source == "own":
                    yield schema
                elif source == "joined":
                    yield from self._views(joined, value, depth + 1)
                else:
                    yield from self._views(self._branch(schema, value), value, depth + 1)

    def _branch(self, schema: Schema, value: Any) -> list[Schema]:
        branches = schema.get("anyOf", [])
        fitting = [branch for branch in branches if self._fits(branch, value)]
        return fitting[: self._number + 1][-1:]

    def _fits(self, branch: Schema, value: Any) -> bool:
        whole = {**branch, "$defs": self._definitions} if isinstance(branch, dict) else branch
        return bool(jsonschema_rs.is_valid(whole, value))


def _item(view: dict[str, Any], at: int) -> Schema:
    listed = view.get("prefixItems", [])
    return listed[at] if at < len(listed) else view.get("items")
