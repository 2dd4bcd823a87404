"""A pydantic error, said in terms of the YAML file: which key, what was expected, what is there."""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from fogbank.catalog.document import Loc
from fogbank.catalog.weights import SOURCE_TAGS


def explain(model: type[BaseModel], error: ErrorDetails) -> tuple[Loc, str]:
    """The key path of the error in the file, and a sentence on it."""
    loc = tuple(part for part in error["loc"] if part != "[key]" and part not in SOURCE_TAGS)
    if error["type"] == "missing":
        return loc, "this required key is missing"
    if error["type"] == "extra_forbidden":
        return loc, _unknown_key(model, loc)
    if error["type"] in ("model_type", "dict_type"):
        return loc, f"expected a mapping of keys to values, not {_short(error['input'])}"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] in ("value_error", "weights_source"):
        return loc, message
    return loc, f"{message[:1].lower()}{message[1:]}, not {_short(error['input'])}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(model: type[BaseModel], loc: Loc) -> str:
    known = sorted(set(_keys_at(model, loc[:-1])))
    close = get_close_matches(str(loc[-1]), known, n=1)
    if close:
        return f"unknown key; did you mean {close[0]!r}?"
    return f"unknown key; expected one of {', '.join(known)}"


def _keys_at(model: type[BaseModel], loc: Loc) -> Iterator[str]:
    """Keys that the JSON Schema of `model` knows below `loc`."""
    root = model.model_json_schema()
    schemas = [root]
    for part in loc:
        schemas = [child for schema in schemas for child in _step(root, schema, part)]
    for schema in schemas:
        for branch in _branches(root, schema):
            yield from branch.get("properties", {})


def _step(
    root: dict[str, Any], schema: dict[str, Any], part: str | int
) -> Iterator[dict[str, Any]]:
    for branch in _branches(root, schema):
        child = branch.get("properties", {}).get(part)
        keyed = branch.get("patternProperties", {}).values()
        for candidate in (child, *keyed, branch.get("additionalProperties"), branch.get("items")):
            if isinstance(candidate, dict):
                yield candidate


def _branches(root: dict[str, Any], schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    yield schema
    for branch in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from _branches(root, branch)
