"""Anthropic's messages, blocks and tools in terms of the task."""

from typing import Any

import orjson

from fogbank.dialects.openai import tools
from fogbank.dialects.openai.fields import Body, refused
from fogbank.tasks import Message, Tool, ToolCall, ToolChoice

UNREAD = frozenset({"thinking", "redacted_thinking"})
"""Blocks of earlier turns that the model does not get to see."""


def messages(body: Body) -> tuple[Message, ...]:
    """`system` first, then every turn. Raises FieldError for images and documents."""
    turns: list[Message] = []
    if "system" in body:
        turns.append(Message(role="system", content=_text(body["system"], "system")))
    for at, item in enumerate(body["messages"]):
        param = f"messages.{at}.content"
        if isinstance(item["content"], str):
            turns.append(Message(role=item["role"], content=item["content"]))
        else:
            turns.extend(_turns(item["role"], item["content"], param))
    return tuple(turns)


def _turns(role: str, blocks: list[Body], param: str) -> list[Message]:
    """Results of tools are turns of their own, before what the user says to them."""
    results: list[Message] = []
    texts: list[str] = []
    calls: list[ToolCall] = []
    for at, block in enumerate(blocks):
        here = f"{param}.{at}"
        match block["type"]:
            case "text":
                texts.append(block.get("text", ""))
            case "tool_use" if role == "assistant":
                calls.append(_call(block, here))
            case "tool_result" if role == "user":
                results.append(_result(block, here))
            case kind if kind not in UNREAD:
                raise _unread(kind, here)
    if calls:
        return [Message(role=role, content="".join(texts), tool_calls=calls)]
    said = [Message(role=role, content="".join(texts))] if texts or not results else []
    return [*results, *said]


def _call(block: Body, param: str) -> ToolCall:
    for name in ("id", "name"):
        if name not in block:
            raise refused(f"{param}.{name}", f"a tool_use block needs '{name}'")
    try:
        arguments = orjson.dumps(block.get("input", {})).decode()
    except orjson.JSONEncodeError:
        raise refused(f"{param}.input", "'input' is nested too deeply") from None
    return ToolCall(block["id"], block["name"], arguments)


def _result(block: Body, param: str) -> Message:
    if "tool_use_id" not in block:
        raise refused(f"{param}.tool_use_id", "a tool_result block needs 'tool_use_id'")
    text = _text(block.get("content", ""), f"{param}.content")
    if block.get("is_error"):
        text = f"Error: {text}"
    return Message(role="tool", content=text, tool_call_id=block["tool_use_id"])


def _text(value: str | list[Body], param: str) -> str:
    if isinstance(value, str):
        return value
    for at, block in enumerate(value):
        if block["type"] != "text":
            raise _unread(block["type"], f"{param}.{at}")
    return "".join(block.get("text", "") for block in value)


def _unread(kind: str, param: str) -> Exception:
    return refused(param, f"blocks of type '{kind[:64]}' are not read here")


def functions(body: Body) -> tuple[Tool, ...]:
    """The tools on offer. Raises FieldError for tools that Anthropic runs itself."""
    offered = []
    for at, item in enumerate(body.get("tools", ())):
        if item.get("type", "custom") != "custom":
            detail = f"tools of type '{item['type'][:64]}' are not served here, only custom ones"
            raise refused(f"tools.{at}.type", detail)
        offered.append(tools.tool({**item, "parameters": item.get("input_schema")}))
    return tuple(offered)


def choice(body: Body, offered: tuple[Tool, ...]) -> ToolChoice:
    """Which tool must be used, if any: `any` is what others call required."""
    wanted: dict[str, Any] = body.get("tool_choice", {"type": "auto"})
    if wanted["type"] == "tool":
        return tools.tool_choice(wanted.get("name", ""), "", offered)
    word = "required" if wanted["type"] == "any" else wanted["type"]
    return tools.tool_choice(None, word, offered)
