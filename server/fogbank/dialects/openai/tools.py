"""Functions, calls and JSON mode, as OpenAI's bodies write them."""

from typing import Any

import orjson

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.openai.fields import Body, refused
from fogbank.errors import AIError
from fogbank.tasks import JsonFormat, NamedTool, TextGenerationResult, Tool, ToolCall, ToolChoice


def tool(function: Body) -> Tool:
    """A function; without `parameters` it takes none."""
    parameters = function.get("parameters") or {"type": "object", "properties": {}}
    return Tool(function["name"], function.get("description", ""), parameters)


def tool_choice(name: str | None, word: str, tools: tuple[Tool, ...]) -> ToolChoice:
    """A `word` (auto, none, required) or, with a `name`, that function. Raises FieldError."""
    if name is not None:
        if all(tool.name != name for tool in tools):
            raise refused("tool_choice", f"'tools' has no function named '{name}'")
        return NamedTool(name)
    if word == "required":
        if not tools:
            raise refused("tool_choice", "'required' needs 'tools'")
        return "required"
    return "none" if word == "none" else "auto"


def call(identifier: str, name: str, arguments: str, param: str) -> ToolCall:
    """A call of an earlier turn. Raises FieldError where its arguments are not an object."""
    try:
        value = orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise refused(param, "Assistant tool call function.arguments must be a JSON object.")
    return ToolCall(identifier, name, arguments or "{}")


def json_format(card: Card, kind: str, schema: Any) -> JsonFormat | None:
    """JSON mode; `schema` counts for `json_schema` only. Raises AIError (5025)."""
    if kind not in ("json_object", "json_schema"):
        return None
    if not card.json_mode:
        raise AIError(errors.NO_JSON_MODE)
    return JsonFormat(None if kind == "json_object" else schema)


def unwrapped(schema: Any) -> Any:
    """The schema inside OpenAI's `{name, strict, schema}`, or the bare one (contract 3.4)."""
    if isinstance(schema, dict) and "schema" in schema and "type" not in schema:
        return schema["schema"]
    return schema


def text_of(wanted: JsonFormat | None, result: TextGenerationResult) -> str:
    """The answer's text. Raises AIError where JSON was asked for and something else ended.

    JSON that max_tokens cut off is handed over as it is: `finish_reason` says so, and the SDKs
    look at that first.
    """
    if wanted is not None and result.finish_reason == "stop":
        try:
            orjson.loads(result.text)
        except orjson.JSONDecodeError:
            detail = "the model did not write JSON"
            raise AIError(errors.JSON_MODE_FAILED, detail=detail) from None
    return result.text
