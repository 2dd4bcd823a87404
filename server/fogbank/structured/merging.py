"""`allOf` of plain objects as one object, as people write inheritance.

So it has one order of its properties, can be closed, and means something to every back end. What
is not that plain stays as it is: back ends that can, intersect it themselves.
"""

import json
from collections.abc import Mapping
from typing import Any

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.keywords import ENFORCED, REFUSED, VERIFIED
from fogbank.structured.references import References

_PLAIN = frozenset({"type", "properties", "required", "allOf", "$ref"})
_MEANT = (ENFORCED | VERIFIED | REFUSED | {"nullable"}) - _PLAIN
MAX_PARTS = 50


def merged(
    schema: Mapping[str, Any], base: str, references: References
) -> tuple[Mapping[str, Any], str]:
    """The object and its base; the schema itself where it is not plain."""
    parts: list[Mapping[str, Any]] = []
    if not _collect(schema, base, base, references, parts):
        return schema, base
    properties: dict[str, Any] = {}
    required: dict[str, None] = {}
    for part in parts:
        for name, item in part.get("properties", {}).items():
            known = properties.get(name)
            properties[name] = (
                item if known is None or _same(known, item) else {"allOf": [known, item]}
            )
        required |= dict.fromkeys(part.get("required", ()))
    result: dict[str, Any] = {"properties": properties}
    if any("type" in part for part in parts):
        result["type"] = "object"
    if required:
        result["required"] = list(required)
    return result, base


def _same(one: Any, other: Any) -> bool:
    """1 and true are the same to Python."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _collect(
    schema: Any, base: str, home: str, references: References, parts: list[Mapping[str, Any]]
) -> bool:
    """Whether it is plain; adds what it consists of, in order."""
    if not isinstance(schema, Mapping) or schema.keys() & _MEANT or len(parts) > MAX_PARTS:
        return False
    if references.base(schema, base) != home:
        return False  # references in its properties would lose where they start
    if "$ref" in schema:
        try:
            target, target_base, _address = references.find(schema["$ref"], base)
        except UnusableSchema:
            return False
        if target_base != home or len(parts) > MAX_PARTS:
            return False
        parts.append({})
        if not _collect(target, target_base, home, references, parts):
            return False
        if references.legacy:
            return True
    if schema.get("type", "object") != "object":
        return False
    if not isinstance(schema.get("properties", {}), Mapping):
        return False
    if not isinstance(schema.get("required", []), list):
        return False
    parts.append(schema)
    nested = schema.get("allOf", [])
    return isinstance(nested, list) and all(
        _collect(item, base, home, references, parts) for item in nested
    )
