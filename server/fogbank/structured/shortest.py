"""How many characters the shortest answer to a constraint has, roughly."""

from collections.abc import Mapping
from typing import Any

import orjson

_OF_TYPE = {"string": 2, "boolean": 4, "null": 4, "object": 2, "array": 2}
MANY = 1_000_000
ROUNDS = 20
"""Of going through the definitions, each of which may be made shorter by those before."""


def shortest(schema: Mapping[str, Any]) -> int:
    """A lower estimate: what intersections add up to is not known."""
    definitions = schema.get("$defs", {})
    sizes: dict[str, int] = dict.fromkeys(definitions, MANY)
    for _ in range(ROUNDS):
        new = {name: _size(item, sizes) for name, item in definitions.items()}
        if new == sizes:
            break
        sizes = new
    return _size(schema, sizes)


def _size(schema: Any, known: Mapping[str, int]) -> int:
    if not isinstance(schema, Mapping):
        return 1
    if "const" in schema:
        return _length(schema["const"])
    if schema.get("enum"):
        return min(map(_length, schema["enum"]))
    sizes = [_plain(schema, known)]
    if "$ref" in schema:
        sizes.append(known.get(schema["$ref"].rpartition("/")[2], 1))
    if schema.get("anyOf"):
        sizes.append(min(_size(item, known) for item in schema["anyOf"]))
    sizes += [_size(item, known) for item in schema.get("allOf", ())]
    return min(max(sizes), MANY)


def _plain(schema: Mapping[str, Any], known: Mapping[str, int]) -> int:
    kind = schema.get("type", ())
    kinds = [kind] if isinstance(kind, str) else list(kind)
    if kinds == ["object"] or (not kinds and schema.get("required")):
        properties = schema.get("properties", {})
        return 2 + sum(
            _length(name) + 2 + _size(properties.get(name, {}), known)
            for name in schema.get("required", ())
        )
    if kinds == ["array"]:
        count = int(schema.get("minItems", 0))
        return 2 + (count * (_size(schema.get("items", {}), known) + 1) if count else 0)
    if kinds == ["string"]:
        return 2 + int(schema.get("minLength", 0))
    return min((_OF_TYPE.get(str(each), 1) for each in kinds), default=1)


def _length(value: Any) -> int:
    return len(orjson.dumps(value))
