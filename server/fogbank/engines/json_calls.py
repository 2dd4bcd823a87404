"""Calls written as JSON: `{"name": ..., "parameters": {...}}`, alone, in tags, one after another.

The form of Llama 3.1 and, in `<tool_call>` tags and with `arguments`, of many others; also what
small models write when they are told to call a function.
"""

import json
import re
from collections.abc import Sequence
from typing import Any

import orjson

from fogbank.tasks import Tool, ToolCall, new_call_id

OPENINGS = ("<tool_call>", "<|python_tag|>", "<|tool_call|>", "[TOOL_CALLS]")
MAX_MISSES = 64
"""Braces that begin no JSON, after which no further one is tried."""

_KEYS = ("name", "function", "type", "id", "parameters", "arguments")
_DECODER = json.JSONDecoder()
_TAGS = re.compile(
    r"<tool_call>|<\|python_tag\|>|<\|tool_call\|>|\[TOOL_CALLS\]|```(?:json)?|\[\s*$"
)


class JsonCalls:
    """A `CallParser`."""

    openings: Sequence[str] | None = OPENINGS

    def parse(self, text: str, tools: Sequence[Tool]) -> tuple[str, tuple[ToolCall, ...]]:
        """Text before the first call stays text; what stands between and after calls is dropped."""
        calls: list[ToolCall] = []
        first, at, misses = 0, text.find("{"), 0
        while at >= 0 and misses < MAX_MISSES:
            try:
                _, end = _DECODER.raw_decode(text, at)
                call = as_call(orjson.loads(text[at:end]))
            except (ValueError, RecursionError):
                misses, end, call = misses + 1, at + 1, None
            if call is not None:
                first = first if calls else at
                calls.append(call)
            at = text.find("{", end)
        if not calls:
            return text, ()
        return _TAGS.sub("", text[:first]).strip(), tuple(calls)


def may_begin_call(text: str, at: int) -> bool:
    """Whether the brace at this place may begin a call, as far as the text goes."""
    inside = text[at + 1 : at + 65].lstrip()
    known = any(f'"{key}"'.startswith(inside[: len(key) + 2]) for key in _KEYS)
    if not known:
        return False
    if not inside or "}" not in text[at:]:
        return True
    try:
        _, end = _DECODER.raw_decode(text, at)
        return as_call(orjson.loads(text[at:end])) is not None
    except (ValueError, RecursionError):
        return True


def as_call(value: Any) -> ToolCall | None:
    """The call that this JSON value is, in the plain form or in OpenAI's."""
    if isinstance(value, dict) and isinstance(value.get("function"), dict):
        value = value["function"]
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        return None
    arguments = value.get("parameters", value.get("arguments"))
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments)
        except orjson.JSONDecodeError:
            return None
    if not isinstance(arguments, dict):
        return None
    try:
        return ToolCall(new_call_id(), value["name"], orjson.dumps(arguments).decode())
    except TypeError:  # nested deeper than anything can write down again
        return None
