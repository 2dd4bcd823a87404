"""The beginning of a JSON text: what is open in it, what is written already, where it stands."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

Mode = Literal["value", "begin", "key", "colon", "string", "literal", "after", "next"]
"""What comes next, or what the text is in the middle of: `begin` follows an opening bracket,
`after` a value, `next` the comma between two properties."""

_PLAIN = re.compile(r'[^"\\]*')
_LITERAL = re.compile(r"[^,\]}\s]*")
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')


@dataclass(slots=True)
class Frame:
    """An object or array that is open. `key` is that of the property being written; `members`
    are those that are whole (for an array, `count` of its items).
    """

    is_object: bool
    key: str = ""
    members: dict[str, Any] = field(default_factory=dict)
    count: int = 0


class Partial:
    """Reads a text that a valid one begins with; `start` is where its last token begins.

    `clean` tells that it does not end within an escape.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.frames: list[Frame] = []
        self.mode: Mode = "value"
        self.start = 0
        self.clean = True
        at = 0
        while at < len(text):
            at = self._token(at)

    @property
    def token(self) -> str:
        """What is written of the string or literal that the text ends in."""
        return self.text[self.start :]

    def _token(self, at: int) -> int:
        """Reads one token, or the part of it that is there; where the next begins."""
        character = self.text[at]
        if character.isspace():
            return at + 1
        if self.mode in ("value", "begin") and character not in "}]":
            return self._value(at)
        if self.mode == "next" and character == '"':
            return self._string(at, key=True)
        if self.mode == "colon":
            self.mode = "value"
        elif character == ",":
            self.mode = "next" if self.frames and self.frames[-1].is_object else "value"
        elif character in "}]" and self.frames:
            self.frames.pop()
            self._whole(None)
        return at + 1

    def _value(self, at: int) -> int:
        character = self.text[at]
        if character == '"':
            in_object = bool(self.frames) and self.frames[-1].is_object
            return self._string(at, key=self.mode == "begin" and in_object)
        if character in "{[":
            self.frames.append(Frame(character == "{"))
            self.mode = "begin"
            return at + 1
        found = _LITERAL.match(self.text, at)
        end = found.end() if found else len(self.text)
        self.start, self.mode = at, "literal"
        if end < len(self.text):
            self._whole(self.text[at:end])
        return max(end, at + 1)

    def _string(self, at: int, *, key: bool) -> int:
        self.start, self.mode = at, "key" if key else "string"
        end = at + 1
        while True:
            found = _PLAIN.match(self.text, end)
            end = found.end() if found else end
            if end >= len(self.text):
                return end
            if self.text[end] == '"':
                break
            escape = _ESCAPE.match(self.text, end)
            if escape is None:
                self.clean = False
                return len(self.text)
            end = escape.end()
        token = self.text[at : end + 1]
        if key:
            self.frames[-1].key = str(_read(token))
            self.mode = "colon"
        else:
            self._whole(token)
        return end + 1

    def _whole(self, token: str | None) -> None:
        """A value is whole; its token, where it is no object or array."""
        self.mode = "after"
        if not self.frames:
            return
        frame = self.frames[-1]
        frame.count += 1
        if frame.is_object:
            frame.members[frame.key] = _read(token)


def _read(token: str | None) -> Any:
    try:
        return None if token is None else orjson.loads(token)
    except orjson.JSONDecodeError:
        return None
