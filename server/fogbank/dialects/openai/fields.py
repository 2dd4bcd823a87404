"""A body as its schema has checked it: explicit nulls out, wrong fields refused by name."""

import re
from typing import Any

import orjson

from fogbank import errors
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.errors import AIError

Body = dict[str, Any]

OPAQUE = frozenset(
    {"parameters", "schema", "json_schema", "json", "guided_json", "input_schema", "metadata"}
)
"""What a client's own JSON stands under; a null in there means something."""

DEEPEST = 6
_POINTER = re.compile(r"'/([^',]*)'")


class FieldError(AIError):
    """A field of the body is refused; `param` names it as OpenAI's errors do: `messages.0.role`."""

    def __init__(self, param: str | None, kind: errors.ErrorKind, **values: Any) -> None:
        self.param = param
        super().__init__(kind, **values)


def refused(param: str, detail: str) -> FieldError:
    """A field whose value is well formed and not served here (8001)."""
    return FieldError(param, errors.INVALID_INPUT, detail=detail)


def parsed(data: bytes) -> Any:
    """JSON by content, not by header (contract 1.1). Raises AIError for anything else."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise AIError(errors.BAD_INPUT, detail=f"Error: the body is not JSON: {error}") from None


def checked(schema: InputSchema, data: Any, opaque: frozenset[str] = OPAQUE) -> Body:
    """The body without explicit nulls. Raises FieldError in the grammar of contract 2.3 (5006)."""
    data = without_nulls(data, opaque)
    if found := schema.validate(data):
        first = _POINTER.search(found[0])
        param = first[1].replace("/", ".") if first else ""
        raise FieldError(param or None, errors.BAD_INPUT, detail=describe(found))
    assert isinstance(data, dict)
    return data


def without_nulls(value: Any, opaque: frozenset[str], depth: int = DEEPEST) -> Any:
    """Nulls in objects count as absent, as they do for OpenAI; not below an `opaque` key."""
    if depth == 0:
        return value
    if isinstance(value, list):
        return [without_nulls(item, opaque, depth - 1) for item in value]
    if isinstance(value, dict):
        return {
            key: item if key in opaque else without_nulls(item, opaque, depth - 1)
            for key, item in value.items()
            if item is not None
        }
    return value
