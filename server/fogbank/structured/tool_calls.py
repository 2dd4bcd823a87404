"""Function calling: the tools of a request, the form of a forced call, and whether a call is right.

A forced call is one JSON object, `{"name": <tool>, "parameters": {...}}`: the form of Llama 3.1,
which small models write too. One call, not a list: a list has no end that a small model finds.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs
import orjson

from fogbank.structured.tool_constraint import Bounds, constraint
from fogbank.structured.tool_schema import MAX_TEXT, UnusableSchema, expand, quoted
from fogbank.tasks import JsonFormat, Tool, ToolCall, new_call_id

MAX_TOOLS = 128
MAX_PATTERNS = 128
"""Patterns of all tools together: a hostile one takes milliseconds to compile."""
MAX_DEPTH = 100
"""Levels of a call's arguments: orjson writes 254, the answer around them included."""

_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000, size_limit=300_000)


class ToolError(ValueError):
    """A tool cannot be used as it was sent; the text names it."""


class Toolbox:
    """The tools of a request, checked. Raises ToolError.

    Compiling takes microseconds for schemas as people write them, and a few milliseconds for the
    largest that the budget lets through.
    """

    def __init__(self, tools: Iterable[Tool]) -> None:
        self._tools: dict[str, Tool] = {}
        self._schemas: dict[str, Any] = {}
        self._validators: dict[str, jsonschema_rs.Validator] = {}
        patterns = 0
        for tool in tools:
            patterns += _patterns(tool.parameters)
            if patterns > MAX_PATTERNS:
                raise ToolError(f"the tools have more than {MAX_PATTERNS} patterns together")
            if tool.name in self._tools:
                raise ToolError(f"two tools are called {quoted(tool.name)}")
            if len(self._tools) == MAX_TOOLS:
                raise ToolError(f"more than {MAX_TOOLS} tools")
            self._tools[tool.name] = tool
            self._schemas[tool.name], self._validators[tool.name] = _compiled(tool)

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def forced(self, name: str | None, bounds: Bounds) -> JsonFormat:
        """What an answer is held to that must be a call: of this tool, or of any."""
        names = [name] if name is not None else list(self._tools)
        calls = [self._call(each, bounds) for each in names]
        return JsonFormat(calls[0] if len(calls) == 1 else {"anyOf": calls})

    def _call(self, name: str, bounds: Bounds) -> dict[str, Any]:
        parameters = constraint(self._schemas[name], bounds)
        return {
            "type": "object",
            "properties": {"name": {"const": name}, "parameters": parameters},
            "required": ["name", "parameters"],
            "additionalProperties": False,
        }

    def read(self, text: str) -> ToolCall | None:
        """The call that a forced answer is; None when it is none, or not a right one."""
        try:
            value = orjson.loads(text)
            name, arguments = value["name"], orjson.dumps(value["parameters"]).decode()
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return None
        call = ToolCall(new_call_id(), str(name), arguments)
        return call if self.problem(call) is None else None

    def problem(self, call: ToolCall) -> str | None:
        """Why this call must not reach a client; None when it may."""
        validator = self._validators.get(call.name)
        if validator is None:
            return f"there is no tool {quoted(call.name)}"
        if _deep(call.arguments):
            return f"its arguments are nested deeper than {MAX_DEPTH} levels"
        try:
            arguments = orjson.loads(call.arguments)
        except orjson.JSONDecodeError:
            return "its arguments are not JSON"
        if not isinstance(arguments, dict):
            return "its arguments are not an object"
        try:
            validator.validate(arguments)  # ends at the first error; iter_errors makes all of them
        except jsonschema_rs.ValidationError as error:
            return str(error.message)[:MAX_TEXT]
        return None


def _patterns(schema: Any, depth: int = 0) -> int:
    """Patterns in a schema, as deep as one may be nested; deeper ones are refused later."""
    if isinstance(schema, list):
        return sum(_patterns(item, depth + 1) for item in schema)
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return 0
    named = schema.get("patternProperties")
    own = ("pattern" in schema) + (len(named) if isinstance(named, Mapping) else 0)
    return own + sum(_patterns(value, depth + 1) for value in schema.values())


def _deep(text: str) -> bool:
    """Whether JSON text may be nested too deeply; brackets within its strings count too."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for character in text:
        depth += (character in "{[") - (character in "}]")
        deepest = max(depth, deepest)
    return deepest > MAX_DEPTH


def _compiled(tool: Tool) -> tuple[Any, jsonschema_rs.Validator]:
    """The expanded parameter schema and its validator."""
    if not tool.name:
        raise ToolError("a tool has no name")
    where = f"the parameters of the tool {quoted(tool.name)}"
    try:
        schema = expand(tool.parameters)
        if schema.setdefault("type", "object") != "object":
            raise UnusableSchema("is not of type 'object'")
        return schema, jsonschema_rs.Draft202012Validator(schema, pattern_options=_PATTERNS)
    except UnusableSchema as error:
        raise ToolError(f"{where}: the schema {error}") from error
    except (ValueError, TypeError) as error:
        first = str(error).strip().partition("\n")[0][:MAX_TEXT]
        raise ToolError(f"{where} are no JSON Schema: {first}") from error
