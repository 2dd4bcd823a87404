"""What clients ask of ESMAP, read from their bodies."""

from dataclasses import dataclass
from typing import Any

import orjson

NO_JSON = "Request body is not valid JSON"
DEPTH = 200
"""Of lists and objects in each other. orjson reads more than it can write, and we write it."""


class BadRequest(ValueError):
    """The body cannot be understood. The message is the client's `details.message`."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Body of POST /inference; of POST /inference/batch, where `inputs` is its list."""

    model_id: str
    input: Any
    inputs: Any
    options: dict[str, Any]


def object_of(body: bytes) -> dict[str, Any]:
    """The object that a body must be. Raises BadRequest."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest(NO_JSON) from None
    if not isinstance(value, dict):
        raise BadRequest("Request body must be a JSON object")
    if body.count(b"[") + body.count(b"{") > DEPTH and _deeper(value, DEPTH):
        raise BadRequest(f"Request body is nested more than {DEPTH} levels deep")
    return value


def _deeper(value: Any, depth: int) -> bool:
    level: list[Any] = [value]
    for _ in range(depth):
        below: list[Any] = []
        for each in level:
            inner = each.values() if isinstance(each, dict) else each
            below += [part for part in inner if isinstance(part, dict | list)]
        if not below:
            return False
        level = below
    return True


def asked(body: bytes) -> Asked:
    """Raises BadRequest."""
    value = object_of(body)
    model_id = value.get("modelId")
    if not isinstance(model_id, str):
        raise BadRequest("Request must contain a modelId")
    options = value.get("options")
    if options is not None and not isinstance(options, dict):
        raise BadRequest("options must be an object")
    return Asked(model_id, value.get("input"), value.get("inputs"), options or {})


def batch_inputs(value: Any, limit: int) -> list[Any]:
    """The inputs of a batch. Raises BadRequest in the old service's words."""
    if not isinstance(value, list) or not value:
        raise BadRequest("Batch must contain inputs")
    if len(value) > limit:
        raise BadRequest(f"Batch size {len(value)} exceeds maximum {limit}")
    return value
