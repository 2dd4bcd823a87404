"""`messages` of a chat completion as the turns of a conversation."""

from typing import Any

from fogbank.dialects.openai import tools
from fogbank.dialects.openai.fields import Body, refused
from fogbank.tasks import Message

ROLES = {"developer": "system", "function": "tool"}
"""Newer and older names of the roles that chat templates know."""

TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
"""Types of content parts that are text, and the field that holds it."""


def messages(body: Body) -> tuple[Message, ...]:
    """Every turn, in order. Raises FieldError for images, sound and files."""
    return tuple(_message(item, f"messages.{at}") for at, item in enumerate(body["messages"]))


def _message(item: Body, param: str) -> Message:
    text = content(item.get("content", item.get("refusal", "")), f"{param}.content")
    message = Message(role=role_of(item["role"]), content=text)
    if "name" in item:
        message["name"] = item["name"]
    if "tool_call_id" in item:
        message["tool_call_id"] = item["tool_call_id"]
    if item.get("tool_calls") and item["role"] == "assistant":
        message["tool_calls"] = [
            tools.call(
                made["id"],
                made["function"]["name"],
                made["function"]["arguments"],
                f"{param}.tool_calls.{at}.function.arguments",
            )
            for at, made in enumerate(item["tool_calls"])
        ]
    return message


def role_of(name: str) -> str:
    """The role as chat templates know it."""
    return ROLES.get(name, name)


def content(value: Any, param: str) -> str:
    """The text of a string or of text parts. Raises FieldError for any other part."""
    if isinstance(value, str):
        return value
    texts = []
    for at, part in enumerate(value):
        field = TEXTS.get(part["type"])
        if field is None:
            detail = f"content of type '{part['type'][:64]}' is not read here, only text"
            raise refused(f"{param}.{at}", detail)
        texts.append(part.get(field, ""))
    return "".join(texts)
