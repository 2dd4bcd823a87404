"""Function calling on the run route: tools, choices and calls in and out (contract 3.1, 3.2, 5.4).

`functions` is the server-side form, `{name, code}`: its code is never run here. Each becomes a tool
of that name that takes any arguments, with the code as its description, so that a model can still
call it and the client can run it.
"""

from typing import Any

import orjson

from fogbank import errors
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.errors import AIError
from fogbank.tasks import Message, NamedTool, Tool, ToolCall, ToolChoice, new_call_id

FORCED = ("required", "any")
CODE_SHOWN = 2_000
"""Characters of a function's code that the model reads."""


def tools(body: Body) -> tuple[Tool, ...]:
    """The tools of both item forms, then the functions."""
    found = [_tool(item) for item in body.get("tools", ())]
    found += [
        Tool(item["name"], item["code"][:CODE_SHOWN], {"type": "object"})
        for item in body.get("functions", ())
    ]
    return tuple(found)


def _tool(item: Body) -> Tool:
    # The schema has checked one of the two forms; whatever else is in the item may be anything.
    for form in (item.get("function"), item):
        if isinstance(form, dict):
            name, description = form.get("name"), form.get("description")
            parameters = form.get("parameters")
            if (
                isinstance(name, str)
                and isinstance(description, str)
                and isinstance(parameters, dict)
            ):
                return Tool(name, description, parameters)
    raise AIError(errors.INVALID_INPUT, detail="a tool needs name, description and parameters")


def tool_choice(wanted: Any) -> ToolChoice:
    """OpenAI's words and its named form; `any` means required. Raises AIError for others."""
    if wanted in (None, "auto"):
        return "auto"
    if wanted == "none":
        return "none"
    if wanted in FORCED:
        return "required"
    function = wanted.get("function", wanted) if isinstance(wanted, dict) else None
    if isinstance(function, dict) and isinstance(function.get("name"), str):
        return NamedTool(function["name"])
    detail = "'tool_choice' is none of auto, none, required and {type, function: {name}}"
    raise AIError(errors.INVALID_INPUT, detail=detail)


def about_tools(message: Message, item: Body) -> None:
    """Adds to a turn what it says about calls: those it makes, or the one it answers."""
    for key in ("name", "tool_call_id"):
        if isinstance(item.get(key), str):
            message[key] = item[key]
    made = item.get("tool_calls")
    if not made or item.get("role") != "assistant":
        return
    if not isinstance(made, list):
        raise AIError(errors.INVALID_INPUT, detail="'tool_calls' of a message must be a list")
    message["tool_calls"] = calls = [_call(call) for call in made]
    if _repeats(message["content"], calls[0].name):
        message["content"] = ""


def _call(item: Any) -> ToolCall:
    function = item.get("function", item) if isinstance(item, dict) else None
    if not isinstance(function, dict) or not isinstance(function.get("name"), str):
        raise AIError(errors.INVALID_INPUT, detail="an assistant tool call has no function.name")
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError:
            arguments = None
    if not isinstance(arguments, dict):
        detail = "Assistant tool call function.arguments must be a JSON object."
        raise AIError(errors.INVALID_INPUT, detail=detail)
    given = item.get("id")
    call_id = given if isinstance(given, str) and given else new_call_id()
    try:
        return ToolCall(call_id, function["name"], orjson.dumps(arguments).decode())
    except TypeError as error:
        detail = "the arguments of an assistant tool call are nested too deeply"
        raise AIError(errors.INVALID_INPUT, detail=detail) from error


def _repeats(content: str, name: str) -> bool:
    """Whether the text is the call once more, as langchain sends it to Llama models."""
    if not content.startswith("{"):
        return False
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        return False
    return isinstance(value, dict) and value.get("name") == name


def native_calls(calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
    """Arguments as an object, no id."""
    return [{"name": call.name, "arguments": orjson.loads(call.arguments)} for call in calls]


def openai_calls(calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
    """Arguments as text, with id."""
    return [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for call in calls
    ]


def native_deltas(calls: tuple[ToolCall, ...]) -> list[dict[str, Any]]:
    """The calls of one stream event, whole.

    `function` is what the AI SDK's provider reads, `name` and `arguments` beside it what langchain
    does, which looks at the first event with calls and at no other.
    """
    both = zip(openai_calls(calls), native_calls(calls), strict=True)
    return [{"index": at, **call, **plain} for at, (call, plain) in enumerate(both)]
