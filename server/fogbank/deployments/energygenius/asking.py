"""What a stage asks of a model: messages, the form of the answer, and how it is read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fogbank.tasks import Message

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """`read` makes the stage's outcome of the JSON value, which fits `schema`."""

    messages: tuple[Message, ...]
    schema: dict[str, Any]
    max_tokens: int
    read: Callable[[Any], T]


def messages(system: str, user: str) -> tuple[Message, ...]:
    """Two turns."""
    return ({"role": "system", "content": system}, {"role": "user", "content": user})


def prose(least: int, most: int, marks: str = ",.;'-") -> dict[str, Any]:
    """The schema of text without a figure, in so many characters: figures are computed."""
    return {"type": "string", "pattern": f"^[A-Z][A-Za-z {marks}]{{{least - 1},{most - 1}}}$"}


def record(**properties: dict[str, Any]) -> dict[str, Any]:
    """The schema of an object with these properties and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def tidy(text: str, most: int) -> str:
    """Text that ends like a sentence; what a limit cut off goes back to its last whole part."""
    text = " ".join(text.split())
    if len(text) >= most - 1 and not text.endswith("."):
        sentences = text.rpartition(". ")[0]
        text = sentences if len(sentences) > most // 3 else text.rpartition(" ")[0] or text
    return re.sub(r"[\s,;.'-]+$", "", text) + "."
