"""Functions and calls, as OpenAI's bodies write them."""

import orjson

from fogbank.dialects.openai.fields import Body, refused
from fogbank.tasks import NamedTool, Tool, ToolCall, ToolChoice


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
