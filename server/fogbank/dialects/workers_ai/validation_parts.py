"""The parts of a refusal: pointers, type names, and a list of errors with an end."""

from typing import Any

MAX_PARTS = 32
MAX_TEXT = 4000
MAX_SEGMENT = 64

ELLIPSIS = "…"

Path = tuple[Any, str | int] | None
"""Where a value is: (path of its parent, key or index); None is the root.

A linked pair costs one small tuple on the way down; the text of a pointer is only made for errors.
"""

_TYPE_NAMES = {
    type(None): "null",
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    bytes: "string",
    list: "array",
    dict: "object",
}


def type_name(value: Any) -> str:
    """The JSON type of a parsed value; a number without a fraction part is an `integer`."""
    return _TYPE_NAMES.get(type(value), "unknown")


def pointer(path: Path) -> str:
    """The JSON pointer of a path, `/` for the root. `~` and `/` in keys are escaped (RFC 6901)."""
    segments: list[str] = []
    while path is not None:
        path, key = path
        segments.append(shortened(str(key)).replace("~", "~0").replace("/", "~1"))
    return "/" + "/".join(reversed(segments))


def shortened(text: str) -> str:
    """Text of the client's own that is quoted back: at most MAX_SEGMENT characters, valid UTF-8."""
    if len(text) > MAX_SEGMENT:
        text = text[: MAX_SEGMENT - 1] + ELLIPSIS
    return text.encode("utf-8", "replace").decode()


class Parts:
    """Errors in the order found. The first MAX_PARTS are kept, then one ellipsis."""

    __slots__ = ("texts",)

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> None:
        if len(self.texts) < MAX_PARTS:
            self.texts.append(text)
        elif len(self.texts) == MAX_PARTS:
            self.texts.append(ELLIPSIS)

    @property
    def full(self) -> bool:
        """True when looking for more errors is of no use."""
        return len(self.texts) > MAX_PARTS
