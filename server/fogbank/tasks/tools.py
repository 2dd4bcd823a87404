"""Function calling: what may be called, and what the model calls (contract 3.1, 3.2, 5.4)."""

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may call; `parameters` is a JSON Schema of an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NamedTool:
    """The one function that must be called."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call: `arguments` is JSON text of an object, `id` nine letters and digits."""

    id: str
    name: str
    arguments: str


_ID_CHARACTERS = string.ascii_letters + string.digits


def new_call_id() -> str:
    """A random id for a call: nine letters and digits, the one form that every model takes."""
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(9))


def call_text(call: ToolCall) -> str:
    """A call as models write it that have no form of their own."""
    name = orjson.dumps(call.name).decode()
    return f'{{"name":{name},"parameters":{call.arguments}}}'
