"""A conversation with tools, for chat templates that know them and for those that do not."""

from collections.abc import Sequence
from typing import Any

import orjson

from fogbank.tasks import Message, TextGenerationRequest, Tool, ToolCall

Turns = list[dict[str, Any]]

_PLAIN_ROLES = frozenset({"system", "user", "assistant"})
_RESULTS = frozenset({"tool", "function"})
_HOW_TO_CALL = """You can call these functions:
{tools}
To call one, answer with nothing but JSON: {{"name": <function>, "parameters": {{<arguments>}}}}"""


def turns(request: TextGenerationRequest) -> Sequence[Message]:
    """The messages; a prompt is one turn of the user."""
    if request.prompt is not None:
        return [Message(role="user", content=request.prompt)]
    return request.messages or ()


def about_tools(messages: Sequence[Message]) -> bool:
    """Whether a call or the result of one is among them."""
    return any(message.get("tool_calls") or message["role"] in _RESULTS for message in messages)


def native(messages: Sequence[Message]) -> Turns:
    """For a template that knows tools: calls in OpenAI's form, their arguments as an object."""
    plain: Turns = []
    for message in messages:
        turn: dict[str, Any] = {**message}
        if message["role"] in _RESULTS:
            turn["role"] = "tool"
        if calls := message.get("tool_calls"):
            turn["tool_calls"] = [_function(call) for call in calls]
        plain.append(turn)
    return plain


def functions(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Tools in OpenAI's form, as templates read them."""
    return [{"type": "function", "function": _described(tool)} for tool in tools]


def folded(messages: Sequence[Message], tools: Sequence[Tool]) -> Turns:
    """Text alone: tools as an instruction, calls as JSON, results and whatever else as the user's.

    Neighbouring turns of one role become one, since some templates refuse them.
    """
    plain: Turns = []
    if tools:
        listed = "\n".join(orjson.dumps(_described(tool)).decode() for tool in tools)
        plain.append({"role": "system", "content": _HOW_TO_CALL.format(tools=listed)})
    for message in messages:
        role, text = message["role"], _text(message)
        if role not in _PLAIN_ROLES:
            role = "user"
        if plain and plain[-1]["role"] == role:
            plain[-1]["content"] += f"\n\n{text}"
        else:
            plain.append({"role": role, "content": text})
    return plain


def without_system(plain: Turns) -> Turns:
    """What the system says leads the user's first turn, for templates that have no system."""
    told = "\n\n".join(turn["content"] for turn in plain if turn["role"] == "system")
    rest = [dict(turn) for turn in plain if turn["role"] != "system"]
    if not told:
        return rest
    if rest and rest[0]["role"] == "user":
        rest[0]["content"] = f"{told}\n\n{rest[0]['content']}"
        return rest
    return [{"role": "user", "content": told}, *rest]


def characters(request: TextGenerationRequest) -> int:
    """The length of everything that the model will read, about."""
    count = sum(len(_text(message)) for message in turns(request))
    for tool in request.tools:
        count += len(tool.name) + len(tool.description) + len(orjson.dumps(tool.parameters))
    return count


def _text(message: Message) -> str:
    text = message["content"]
    for call in message.get("tool_calls", ()):
        name = orjson.dumps(call.name).decode()
        text += f'{{"name": {name}, "parameters": {call.arguments}}}'
    if message["role"] in _RESULTS and "name" in message:
        return f"{message['name']} returned: {text}"
    return text


def _function(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": orjson.loads(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _described(tool: Tool) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
