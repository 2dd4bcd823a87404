"""Lists of terms, found in a text as whole words."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` of the text that was searched."""

    start: int
    end: int


class Terms:
    """Finds any of the terms: whole words, the longest one at each place.

    A term in small letters is found in any case, in the singular and with a plural's "s" or "es";
    one with a capital is a name and is found as it is written. A "*" at the end of a word stands
    for any ending, and a blank also for a hyphen, a line's end or several blanks.
    """

    def __init__(self, terms: Iterable[str]) -> None:
        ordered = sorted(set(terms), key=lambda term: (-len(term), term))
        names = [_pattern(term) for term in ordered if term != term.lower()]
        words = [f"{_pattern(term)}(?:e?s)?" for term in ordered if term == term.lower()]
        groups = ["|".join(names)] if names else []
        groups += [f"(?i:{'|'.join(words)})"] if words else []
        found = "|".join(groups) or r"(?!)"
        self._found = re.compile(rf"(?<![^\W_])(?:{found})(?![^\W_])")

    def find(self, text: str) -> list[Span]:
        """Where they are, in the order of the text; none overlap."""
        return [Span(*match.span()) for match in self._found.finditer(text)]

    def count(self, text: str) -> int:
        """How many different words of the list the text has."""
        return len({match[0].lower() for match in self._found.finditer(text)})


def _pattern(term: str) -> str:
    words = [re.escape(word).replace(r"\*", r"\w*") for word in re.split(r"[ -]", term)]
    return r"(?:[-‐‑]|\s{1,3})".join(words)
