"""A constraint made narrower than its schema, for models and budgets too small for all of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import ceil, floor, inf
from typing import Any

Build = Callable[[Any], Any]

_LARGE = 1_000_000
_OF_A_FORM = 64
"""Characters that a text of a pattern or format gets at least."""

_COMPLETE = frozenset({"enum", "const", "anyOf", "allOf", "$ref"})
_OF_TYPE = {
    "object": ("properties", "required", "additionalProperties", "patternProperties"),
    "array": ("items", "prefixItems", "minItems", "maxItems"),
    "string": ("pattern", "format", "minLength", "maxLength"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
}
_EXAMPLES = {
    "json-pointer": {"pattern": "^(/[a-z]{1,8}){1,3}$"},
    "relative-json-pointer": {"pattern": "^[0-9](/[a-z]{1,8})?$"},
    "regex": {"pattern": "^[a-z]{1,8}$"},
    "uri-template": {"pattern": "^https://[a-z]{1,8}[.]org/[{][a-z]{1,8}[}]$"},
    "uri-reference": {"format": "uri"},
    "iri": {"format": "uri"},
    "iri-reference": {"format": "uri"},
    "idn-email": {"format": "email"},
    "idn-hostname": {"format": "hostname"},
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of what a model writes where a schema sets none; None leaves it open.

    `length` is in characters of a text, `items` in items of a list. With a `length`, numbers get
    as many digits as a million has and objects that list their properties have no others.
    `terse` leaves out what is not required, and goes by the narrowest reading of what could
    otherwise be verified only: lists of different items have one, conditions hold.
    """

    length: int | None = None
    items: int | None = None
    terse: bool = False


NO_BOUNDS = Bounds()


def bound(schema: dict[str, Any], bounds: Bounds) -> None:
    """In place, a schema that nothing else is held against."""
    if bounds.terse:
        _leave_out(schema, bounds)
    if bounds.length is None and bounds.items is None:
        return
    if schema.keys() & _COMPLETE:
        return
    kinds = _kinds(schema)
    if bounds.length is not None:
        _bound_texts(schema, kinds, bounds)
    if "array" in kinds:
        least = max(schema.get("minItems", 0), len(schema.get("prefixItems", ())))
        _at_most(schema, "maxItems", bounds.items, least, bounds)


def _at_most(
    schema: dict[str, Any], key: str, most: int | None, least: int, bounds: Bounds
) -> None:
    """Where the schema sets a limit it stays, unless the answer is to be `terse`."""
    if most is not None and (key not in schema or bounds.terse):
        schema[key] = min(max(most, least), schema.get(key, max(most, least)))


def _kinds(schema: dict[str, Any]) -> set[str]:
    """The types it allows; one that it only hints at is written down, none at all means simple."""
    kind = schema.get("type")
    if kind is None:
        hinted = [name for name, keys in _OF_TYPE.items() if schema.keys() & set(keys)]
        kind = hinted[:1] or ["string", "number", "boolean", "null"]
        schema["type"] = kind
    return set(_listed(kind))


def _listed(kind: Any) -> list[str]:
    return [kind] if isinstance(kind, str) else list(kind)


def _has_whole(schema: Mapping[str, Any]) -> bool:
    """Whether a whole number lies between its limits, which have no end of digits."""
    low = max(schema.get("minimum", -inf), schema.get("exclusiveMinimum", -inf))
    high = min(schema.get("maximum", inf), schema.get("exclusiveMaximum", inf))
    return "multipleOf" not in schema and floor(high) - ceil(low) >= 2


def _bound_texts(schema: dict[str, Any], kinds: set[str], bounds: Bounds) -> None:
    if "string" in kinds:
        formed = schema.keys() & {"pattern", "format"}
        length = max(bounds.length or 0, _OF_A_FORM if formed else 0)
        _at_most(schema, "maxLength", length, schema.get("minLength", 0), bounds)
    if kinds & {"integer", "number"}:
        _bound_number(schema)
        if bounds.terse and "number" in kinds and _has_whole(schema):
            whole = [each for each in _listed(schema["type"]) if each != "number"]
            schema["type"] = [*whole, *(["integer"] if "integer" not in whole else [])]
    if "object" in kinds:
        _close(schema, bounds)
    if "array" in kinds and "items" not in schema and "prefixItems" not in schema:
        schema["items"] = _simple(bounds)


def _bound_number(schema: dict[str, Any]) -> None:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    if low is None:
        schema["minimum"] = -_LARGE if high is None else high - _LARGE
    if high is None:
        schema["maximum"] = _LARGE if low is None else low + _LARGE


def _close(schema: dict[str, Any], bounds: Bounds) -> None:
    """An object that lists its properties has no others; one that lists none has a few."""
    if schema.get("properties") or "patternProperties" in schema:
        if "additionalProperties" not in schema and _may_close(schema):
            _add_required(schema, bounds)
            schema["additionalProperties"] = False
    elif "additionalProperties" not in schema and not schema.get("required"):
        schema["additionalProperties"] = _simple(bounds)
        if "maxProperties" not in schema and bounds.items is not None:
            schema["maxProperties"] = max(bounds.items, schema.get("minProperties", 0))


def _may_close(schema: Mapping[str, Any]) -> bool:
    """Whether the listed and required properties are all that an object needs."""
    named = {*schema.get("properties", {}), *schema.get("required", ())}
    missing = "patternProperties" in schema and named - schema.get("properties", {}).keys()
    return not missing and len(named) >= schema.get("minProperties", 0)


def _simple(bounds: Bounds, levels: int = 2) -> dict[str, Any]:
    """Any value, its lists and objects in as many levels; where `terse`, in none."""
    kinds = ["string", "number", "boolean", "null"]
    value: dict[str, Any] = {}
    if bounds.length is not None:
        value = {"maxLength": bounds.length, "minimum": -_LARGE, "maximum": _LARGE}
    if levels and not bounds.terse:
        inner = _simple(bounds, levels - 1)
        kinds += ["object", "array"]
        value |= {"additionalProperties": inner, "items": inner}
        if bounds.items is not None:
            value |= {"maxProperties": bounds.items, "maxItems": bounds.items}
    return {"type": kinds, **value}


def _leave_out(schema: dict[str, Any], bounds: Bounds) -> None:
    """Properties that are not required, where the object is large enough without them."""
    properties, required = schema.get("properties"), schema.get("required", [])
    if schema.keys() & {"anyOf", "allOf"} or len(required) < schema.get("minProperties", 0):
        return
    if properties and _may_close(schema):
        schema["properties"] = {name: item for name, item in properties.items() if name in required}
        _add_required(schema, bounds)
        schema["additionalProperties"] = False


def _add_required(schema: dict[str, Any], bounds: Bounds) -> None:
    """Properties that are required and not listed, before the object is closed to them."""
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    missing = [name for name in schema.get("required", ()) if name not in properties]
    if missing:
        value = _simple(bounds) if others is True or others == {} else others
        schema["properties"] = {**properties, **dict.fromkeys(missing, value)}


def hint(out: dict[str, Any], schema: Mapping[str, Any], build: Build) -> None:
    """The narrowest reading of what is otherwise verified only, in place of `out`, while that is
    still as wide as its `schema`. `build` makes a constraint of a part.
    """
    _require_dependents(out, schema)
    if "contains" in schema and "items" not in out and "prefixItems" not in out:
        out["items"] = build(schema["contains"])
        least = schema.get("minContains", 1)
        out["minItems"] = max(out.get("minItems", 0), least if isinstance(least, int) else 1)
    if schema.get("uniqueItems") is True:
        out["maxItems"] = max(out.get("minItems", 0), 1)
    if "if" in schema and "then" in schema:
        out.setdefault("allOf", []).extend([build(schema["if"]), build(schema["then"])])
    if isinstance(known := schema.get("format"), str) and known in _EXAMPLES:
        out |= {key: value for key, value in _EXAMPLES[known].items() if key not in out}


def _require_dependents(out: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """Properties that others need, where those others are required."""
    needs: dict[str, Any] = {}
    for key in ("dependencies", "dependentRequired"):
        if isinstance(said := schema.get(key), Mapping):
            needs |= said
    required = list(out.get("required", ()))
    for name in required:
        also = needs.get(name)
        required.extend(
            each for each in (also if isinstance(also, list) else ()) if each not in required
        )
    if required:
        out["required"] = required
