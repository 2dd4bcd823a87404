"""Function calling: the tools of a request, the form of a forced call, and whether a call is right.

A forced call is one JSON object, `{"name": <tool>, "parameters": {...}}`: the form of Llama 3.1,
which small models write too. One call, not a list: a list has no end that a small model finds.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from fogbank.structured.budget import UnusableSchema, quoted
from fogbank.structured.library import Library
from fogbank.structured.narrowing import Bounds
from fogbank.structured.structure import Structure
from fogbank.structured.verification import MAX_DEPTH, is_deep
from fogbank.tasks import JsonFormat, Tool, ToolCall, new_call_id

MAX_TOOLS = 128


class ToolError(ValueError):
    """A tool cannot be used as it was sent; the text names it."""


class Toolbox:
    """The tools of a request, checked. `open` is the way to make one."""

    def __init__(self, tools: Mapping[str, Tool], structures: Mapping[str, Structure]) -> None:
        self._tools = tools
        self._structures = structures

    @classmethod
    async def open(
        cls, tools: Iterable[Tool], library: Library, backend: str, bounds: Bounds
    ) -> "Toolbox":
        """Raises ToolError, and Busy as the library does."""
        named: dict[str, Tool] = {}
        for tool in tools:
            if not tool.name:
                raise ToolError("a tool has no name")
            if tool.name in named:
                raise ToolError(f"two tools are called {quoted(tool.name)}")
            if len(named) == MAX_TOOLS:
                raise ToolError(f"more than {MAX_TOOLS} tools")
            named[tool.name] = tool

        async def ready(tool: Tool) -> Structure:
            asked = JsonFormat(_parameters(tool), closes=False)
            try:
                return await library.structure(asked, backend, bounds)
            except UnusableSchema as error:
                where = f"the parameters of the tool {quoted(tool.name)}"
                raise ToolError(f"{where}: the schema {error}") from error

        made = await asyncio.gather(*map(ready, named.values()))
        return cls(named, dict(zip(named, made, strict=True)))

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def forced(self, name: str | None) -> JsonFormat:
        """What an answer is held to that must be a call: of this tool, or of any.

        Half a call must not look like one, so that it is never closed early.
        """
        names = [name] if name is not None else list(self._tools)
        calls = [_call(self._tools[each], number) for number, each in enumerate(names)]
        return JsonFormat(calls[0] if len(calls) == 1 else {"anyOf": calls}, closes=False)

    def read(self, text: str) -> ToolCall:
        """The call that a forced answer is, which is known to fit."""
        value = orjson.loads(text)
        arguments = orjson.dumps(value["parameters"]).decode()
        return ToolCall(new_call_id(), value["name"], arguments)

    async def problem(self, call: ToolCall) -> str | None:
        """Why this call must not reach a client; None when it may."""
        structure = self._structures.get(call.name)
        if structure is None:
            return f"there is no tool {quoted(call.name)}"
        if is_deep(call.arguments):
            return f"its arguments are nested deeper than {MAX_DEPTH} levels"
        try:
            arguments = orjson.loads(call.arguments)
        except orjson.JSONDecodeError:
            return "its arguments are not JSON"
        if not isinstance(arguments, dict):
            return "its arguments are not an object"
        return await structure.problem(call.arguments)


def _parameters(tool: Tool) -> dict[str, Any]:
    schema = {**tool.parameters}
    if schema.setdefault("type", "object") != "object":
        name = quoted(tool.name)
        raise ToolError(f"the parameters of the tool {name}: the schema is not of type 'object'")
    return schema


def _call(tool: Tool, number: int) -> dict[str, Any]:
    """References of a tool's schema start from that schema, wherever it stands: it has an id."""
    parameters = {"$id": f"http://tool{number}.invalid/", **_parameters(tool)}
    return {
        "type": "object",
        "properties": {"name": {"const": tool.name}, "parameters": parameters},
        "required": ["name", "parameters"],
        "additionalProperties": False,
    }
