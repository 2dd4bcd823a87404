"""Whether a value can be of one branch of `oneOf` at most, so that it means `anyOf`."""

import json
from collections.abc import Mapping
from itertools import combinations
from typing import Any

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.references import References

MAX_BRANCHES = 100


def are_disjoint(branches: list[Any], base: str, references: References) -> bool:
    """By their types, by their constants, or by a required property that tells them apart."""
    if len(branches) > MAX_BRANCHES:
        return False
    try:
        found = [_followed(branch, base, references) for branch in branches]
    except UnusableSchema:
        return False
    return all(_apart(one, other) for one, other in combinations(found, 2))


def _followed(schema: Any, base: str, references: References) -> Mapping[str, Any]:
    for _ in range(MAX_BRANCHES):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            break
        schema, base, _address = references.find(schema["$ref"], base)
    return schema if isinstance(schema, Mapping) else {}


def _apart(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    kinds = [_types(schema) for schema in (one, other)]
    if kinds[0] and kinds[1] and not kinds[0] & kinds[1]:
        return True
    if (a := _constants(one)) is not None and (b := _constants(other)) is not None and not a & b:
        return True
    # A property tells two objects apart only where both are sure to be objects that have it.
    if kinds != [{"object"}, {"object"}]:
        return False
    for name in _required(one) & _required(other):
        mine, theirs = (_constants(_property(schema, name)) for schema in (one, other))
        if mine is not None and theirs is not None and not mine & theirs:
            return True
    return False


def _types(schema: Mapping[str, Any]) -> set[str]:
    kind = schema.get("type", ())
    found = {kind} if isinstance(kind, str) else {each for each in kind if isinstance(each, str)}
    if schema.get("nullable") is True and found:
        found.add("null")
    return found | {"integer"} if "number" in found else found


def _constants(schema: Mapping[str, Any]) -> set[str] | None:
    if "const" in schema:
        values = [schema["const"]]
    elif isinstance(schema.get("enum"), list):
        values = schema["enum"]
    else:
        return None
    return {_written(value) for value in values}


def _written(value: Any) -> str:
    return json.dumps(_whole(value), sort_keys=True)


def _whole(value: Any) -> Any:
    """1.0 is 1, however deep."""
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _whole(item) for key, item in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _required(schema: Mapping[str, Any]) -> set[str]:
    required = schema.get("required")
    return (
        {name for name in required if isinstance(name, str)}
        if isinstance(required, list)
        else set()
    )


def _property(schema: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    properties = schema.get("properties")
    found = properties.get(name) if isinstance(properties, Mapping) else None
    return found if isinstance(found, Mapping) else {}
