"""`input` of a response: a text, or items of an earlier exchange, as turns of a conversation."""

from typing import Any

from fogbank.dialects.openai import tools
from fogbank.dialects.openai.conversation import content, role_of
from fogbank.dialects.openai.fields import Body, refused
from fogbank.tasks import Message, NamedTool, Tool, ToolChoice


def messages(body: Body) -> tuple[Message, ...]:
    """`instructions` first, then every item. Raises FieldError for items that are not served."""
    turns: list[Message] = []
    if "instructions" in body:
        turns.append(Message(role="system", content=body["instructions"]))
    given = body["input"]
    if isinstance(given, str):
        turns.append(Message(role="user", content=given))
        return tuple(turns)
    for at, item in enumerate(given):
        _add(turns, item, f"input.{at}")
    return tuple(turns)


def _add(turns: list[Message], item: Body, param: str) -> None:
    match item.get("type", "message"):
        case "message":
            text = content(_needed(item, "content", param), f"{param}.content")
            turns.append(Message(role=role_of(_needed(item, "role", param)), content=text))
        case "function_call":
            _add_call(turns, item, param)
        case "function_call_output":
            text = content(_needed(item, "output", param), f"{param}.output")
            call_id = _needed(item, "call_id", param)
            turns.append(Message(role="tool", content=text, tool_call_id=call_id))
        case "reasoning":
            return
        case other:
            raise refused(f"{param}.type", f"items of type '{other[:64]}' are not served here")


def _add_call(turns: list[Message], item: Body, param: str) -> None:
    """Calls of one turn stand in one message, with the text before them."""
    name, arguments = _needed(item, "name", param), _needed(item, "arguments", param)
    made = tools.call(_needed(item, "call_id", param), name, arguments, f"{param}.arguments")
    if turns and turns[-1]["role"] == "assistant":
        turns[-1]["tool_calls"] = [*turns[-1].get("tool_calls", []), made]
    else:
        turns.append(Message(role="assistant", content="", tool_calls=[made]))


def _needed(item: Body, name: str, param: str) -> Any:
    if name not in item:
        raise refused(f"{param}.{name}", f"an item of this type needs '{name}'")
    return item[name]


def functions(body: Body) -> tuple[Tool, ...]:
    """The functions on offer. Raises FieldError for tools that OpenAI runs itself."""
    return tuple(_function(item, f"tools.{at}") for at, item in enumerate(body.get("tools", ())))


def _function(item: Body, param: str) -> Tool:
    if item["type"] != "function":
        detail = f"tools of type '{item['type'][:64]}' are not served here, only functions"
        raise refused(f"{param}.type", detail)
    _needed(item, "name", param)
    return tools.tool(item)


def choice(body: Body, offered: tuple[Tool, ...]) -> ToolChoice:
    """Which function must be called, if any."""
    wanted = body.get("tool_choice", "auto")
    if isinstance(wanted, dict):
        return tools.tool_choice(wanted["name"], "", offered)
    return tools.tool_choice(None, wanted, offered)


def choice_echo(chosen: ToolChoice) -> Any:
    """The choice as an answer repeats it."""
    if isinstance(chosen, NamedTool):
        return {"type": "function", "name": chosen.name}
    return chosen
