"""Function calling: the tools of a request, the form of a forced call, and whether a call is right.

A forced call is one JSON object, `{"name": <tool>, "parameters": {...}}`: the form of Llama 3.1,
which small models write too. One call, not a list: a list has no end that a small model finds.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from fogbank.structured.backends import text_of
from fogbank.structured.budget import UnusableSchema, quoted
from fogbank.structured.library import Library
from fogbank.structured.narrowing import Bounds
from fogbank.structured.structure import Structure
from fogbank.structured.verification import MAX_DEPTH, is_deep
from fogbank.tasks import Constraint, JsonFormat, Tool, ToolCall, new_call_id

MAX_TOOLS = 128
AROUND = 30
"""Characters of a call around its arguments, about."""


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
            asked = JsonFormat(_parameters(tool))
            try:
                return await library.structure(asked, backend, bounds)
            except UnusableSchema as error:
                where = f"the parameters of the tool {quoted(tool.name)}"
                raise ToolError(f"{where}: the schema {error}") from error

        made = await asyncio.gather(*map(ready, named.values()))
        return cls(named, dict(zip(named, made, strict=True)))

    def __contains__(self, name: str) -> bool:
        return name in self._tools

    def forced(self, name: str | None) -> "CallForm":
        """What an answer is held to that must be a call: of this tool, or of any."""
        names = [name] if name is not None else list(self._tools)
        return _form({each: self._structures[each] for each in names}, self)

    def read(self, text: str) -> ToolCall:
        """The call that an answer is. Raises ValueError for what is none."""
        value = orjson.loads(text)
        if not isinstance(value, dict) or value.keys() != {"name", "parameters"}:
            raise ValueError("no call")
        # As it was written: a number of more than 64 bits stays what it is.
        arguments = text.partition('"parameters":')[2].strip().removesuffix("}")
        return ToolCall(new_call_id(), str(value["name"]), arguments.strip())

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


@dataclass(frozen=True, slots=True)
class CallForm(Structure):
    """The form of a forced call. It is right where it fits the schema of the tool that it names."""

    toolbox: Toolbox | None = None
    names: frozenset[str] = frozenset()

    async def problem(self, text: str) -> str | None:
        assert self.toolbox is not None
        try:
            call = self.toolbox.read(text)
        except ValueError:
            return "it is no call"
        if call.name not in self.names:
            return f"it calls {quoted(call.name)}"
        return await self.toolbox.problem(call)


def _form(structures: Mapping[str, Structure], toolbox: Toolbox) -> CallForm:
    some = next(iter(structures.values()))
    levels = max(len(structure.constraints) for structure in structures.values())
    schemas = [_calls(structures, level) for level in range(levels)]
    texts = [text_of(some.backend, schema) for schema in schemas]
    return CallForm(
        digest=sha256(texts[0].encode()).hexdigest(),
        backend=some.backend,
        constraints=tuple(Constraint("json", text) for text in texts),
        after=(),
        shortest=min(structure.shortest for structure in structures.values()) + AROUND,
        compile_ms=0.0,
        size=0,
        toolbox=toolbox,
        names=frozenset(structures),
    )


def _calls(structures: Mapping[str, Structure], level: int) -> dict[str, Any]:
    """Constraints of several tools, each with definitions of its own, as one."""
    definitions: dict[str, Any] = {}
    calls: list[dict[str, Any]] = []
    for number, (name, structure) in enumerate(structures.items()):
        given = structure.constraints[min(level, len(structure.constraints) - 1)]
        parameters = _renamed(orjson.loads(given.text), f"{number}_")
        definitions |= {
            f"{number}_{key}": value for key, value in parameters.pop("$defs", {}).items()
        }
        parameters.pop("x-guidance", None)
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": name}, "parameters": parameters},
                "required": ["name", "parameters"],
                "additionalProperties": False,
            }
        )
    made = calls[0] if len(calls) == 1 else {"anyOf": calls}
    return {**made, "$defs": definitions} if definitions else made


def _renamed(value: Any, prefix: str) -> Any:
    """A constraint whose references lead to definitions with a prefix."""
    if isinstance(value, list):
        return [_renamed(item, prefix) for item in value]
    if not isinstance(value, dict):
        return value
    made = {
        key: item if key in ("enum", "const") else _renamed(item, prefix)
        for key, item in value.items()
    }
    if isinstance(target := value.get("$ref"), str):
        made["$ref"] = target.replace("#/$defs/", f"#/$defs/{prefix}")
    return made
