"""Pieces of a long text that fit into a small model's window, each with its place in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

CHARACTERS = 500
"""What the small models read whole: 256 tokens, of two characters where a text is hard."""

# A stop ends a sentence before a blank and anything but a small letter; so does an empty line. Each
# run of stops is looked at once, from its beginning.
_END = re.compile(
    r"(?<![.!?…])[.!?…]++[\"'”’)\]]*+\s++(?![a-z])|[。！？]++[」』”’）]*+\s*+|\n[^\S\n]*+\n\s*+"
)
_NO_END = re.compile(
    r"(?:^|[\s(])(?:[A-Z]|Mr|Mrs|Ms|Dr|Prof|St|No|vs|Inc|Ltd|Co|Corp|Fig|approx|ca|e\.g|i\.e|etc"
    r"|cf|al|(?:[A-Z]\.)+[A-Z])\.\s*$"
)
_LOOK_BACK = 16


@dataclass(frozen=True, slots=True)
class Window:
    """`text` is the slice of the whole text that begins at `start`, in code points."""

    start: int
    text: str


def sentences(text: str) -> list[Window]:
    """The sentences, each with the blanks behind it: put together they are the text."""
    found, start = [], 0
    for match in _END.finditer(text):
        before = text[max(start, match.end() - _LOOK_BACK) : match.end()]
        if "\n\n" in match[0] or not _NO_END.search(before):
            found.append(Window(start, text[start : match.end()]))
            start = match.end()
    if start < len(text):
        found.append(Window(start, text[start:]))
    return found


def windows(text: str, most: int = CHARACTERS) -> list[Window]:
    """Whole sentences, as many in a row as fit into `most` characters; together they are the text.

    A longer sentence is cut behind a blank, and where it has none, anywhere. Windows of blanks
    alone are left out.
    """
    packed: list[Window] = []
    for piece in _pieces(text, most):
        if packed and len(packed[-1].text) + len(piece.text) <= most:
            packed[-1] = Window(packed[-1].start, packed[-1].text + piece.text)
        else:
            packed.append(piece)
    return [window for window in packed if window.text.strip()]


def _pieces(text: str, most: int) -> Iterator[Window]:
    for sentence in sentences(text):
        start, rest = sentence.start, sentence.text
        while len(rest) > most:
            blank = max(rest.rfind(each, 0, most) for each in " \t\n")
            cut = blank + 1 or most
            yield Window(start, rest[:cut])
            start, rest = start + cut, rest[cut:]
        yield Window(start, rest)
