"""What a model is held to while it writes a call: the part of a schema that engines follow.

What is left out here, since engines refuse it or ignore it in silence, is verified afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_KEPT = frozenset(
    {
        *("type", "required", "enum", "const", "minimum", "maximum", "exclusiveMinimum"),
        *("exclusiveMaximum", "minLength", "maxLength", "minItems", "maxItems"),
    }
)
_LISTED = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE = frozenset({"items", "additionalProperties"})
_LOOK_AROUND = ("(?=", "(?!", "(?<")
_FORMATS = frozenset({"date", "time", "date-time", "uuid", "email", "ipv4", "ipv6"})
_LARGE = 1_000_000
_COMPLETE = frozenset({"enum", "const", "anyOf", "allOf"})


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of what a model writes where a schema sets none; None leaves it open.

    For models too small to come to an end by themselves: `length` is in characters of a text,
    `items` in items of a list. With a `length`, numbers get as many digits as a million has.
    """

    length: int | None = None
    items: int | None = None


def constraint(schema: Any, bounds: Bounds) -> Any:
    """Of an expanded schema. An object that lists its properties is closed, unless it says
    otherwise: a model invents no further ones.
    """
    if not isinstance(schema, Mapping):
        return schema
    kept: dict[str, Any] = {}
    for key, value in schema.items():
        if key == "properties":
            kept[key] = {name: constraint(item, bounds) for name, item in value.items()}
        elif key in _LISTED:
            branches = [constraint(item, bounds) for item in value]
            kept["anyOf" if key == "oneOf" else key] = branches
        elif key in _SINGLE:
            kept[key] = constraint(value, bounds)
        elif key in _KEPT or _followed(key, value):
            kept[key] = value
    if "properties" in kept:
        kept.setdefault("additionalProperties", False)
    if not kept.keys() & _COMPLETE:
        _bound(kept, bounds)
    return kept


def _followed(key: str, value: Any) -> bool:
    if key == "pattern":
        return not any(mark in value for mark in _LOOK_AROUND)
    return key == "format" and value in _FORMATS


def _bound(schema: dict[str, Any], bounds: Bounds) -> None:
    kind = schema.get("type")
    if bounds.length is not None:
        if kind == "string" and not schema.keys() & {"pattern", "format", "maxLength"}:
            schema["maxLength"] = max(bounds.length, schema.get("minLength", 0))
        elif kind in ("integer", "number"):
            _bound_number(schema)
        elif kind == "object" and not (schema.get("properties") or schema.get("required")):
            schema |= {"properties": {}, "additionalProperties": False}
    if bounds.items is not None and kind == "array" and "maxItems" not in schema:
        schema["maxItems"] = max(bounds.items, schema.get("minItems", 0))


def _bound_number(schema: dict[str, Any]) -> None:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        schema["minimum"] = -_LARGE if high is None else high - _LARGE
    if high is None:
        schema["maximum"] = _LARGE if low is None else low + _LARGE
