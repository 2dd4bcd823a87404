"""OpenAPI's `nullable: true`, which JSON Schema does not know, as a type."""

from collections.abc import Mapping
from typing import Any

from fogbank.structured.budget import LISTED, NAMED, SINGLE


def with_nulls(schema: Any) -> Any:
    """The schema with null among the types of what is nullable; the same object where none is."""
    if not isinstance(schema, Mapping):
        return schema
    changed: dict[str, Any] = {}
    for key, value in schema.items():
        if key in NAMED and isinstance(value, Mapping):
            new: Any = {name: with_nulls(item) for name, item in value.items()}
            same = all(new[name] is item for name, item in value.items())
        elif key == "components" and isinstance(value, Mapping):  # where OpenAPI keeps them
            kept = value.get("schemas")
            named = kept if isinstance(kept, Mapping) else {}
            new = {**value, "schemas": {name: with_nulls(item) for name, item in named.items()}}
            same = all(new["schemas"][name] is item for name, item in named.items())
        elif (key in LISTED or key == "items") and isinstance(value, list):
            new = [with_nulls(item) for item in value]
            same = all(a is b for a, b in zip(new, value, strict=True))
        elif key in SINGLE:
            new = with_nulls(value)
            same = new is value
        else:
            continue
        if not same:
            changed[key] = new
    if schema.get("nullable") is True and isinstance(kind := schema.get("type"), str):
        changed["type"] = [kind, "null"]
        if isinstance(values := schema.get("enum"), list) and None not in values:
            changed["enum"] = [*values, None]
    return {**schema, **changed} if changed else schema
