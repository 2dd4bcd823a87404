"""Structured output in every dialect: how JSON mode is asked for, and how it is proven met."""

from typing import Any

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.asgi import Headers
from fogbank.errors import AIError
from fogbank.tasks import Evidence, JsonFormat, TextChunk

HEADER = b"x-fogbank-structured-output"
FIELD = "structured_output"
NO_SCHEMA = "the JSON schema is neither an object nor true or false"
JSON_KINDS = ("json_object", "json_schema")


def json_format(card: Card, kind: str, schema: Any = True) -> JsonFormat | None:
    """JSON mode; `schema` counts for `json_schema` only. None for any other kind.

    Raises AIError for a card without JSON mode (5025) and for what is no schema (8001).
    """
    if kind not in JSON_KINDS:
        return None
    if not card.json_mode:
        raise AIError(errors.NO_JSON_MODE)
    if kind == "json_object":
        return JsonFormat()
    if not isinstance(schema, dict | bool):
        raise AIError(errors.INVALID_INPUT, detail=NO_SCHEMA)
    return JsonFormat(schema)


def unwrapped(schema: Any) -> Any:
    """The schema inside OpenAI's `{name, strict, schema}`, or the bare one (contract 3.4)."""
    if isinstance(schema, dict) and "schema" in schema and "type" not in schema:
        return schema["schema"]
    return schema


def header(evidence: Evidence | None) -> Headers:
    """What a whole answer says about its form, where it was asked for one."""
    return [] if evidence is None else [(HEADER, str(evidence).encode())]


def beside_usage(last: TextChunk | None) -> dict[str, Any]:
    """The same in the last event of a stream."""
    if last is None or last.evidence is None:
        return {}
    return {FIELD: last.evidence.as_json()}
