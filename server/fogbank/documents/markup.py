"""Pieces of Markdown that the converters share."""

import re
from collections.abc import Iterable, Sequence

_SYNTAX = (
    (re.compile(r"^```.*$", re.M), ""),
    (re.compile(r"^ {0,3}#{1,6} +", re.M), ""),
    (re.compile(r"^ {0,3}>+ ?", re.M), ""),
    (re.compile(r"^\|(?: ?-+ ?\|)+$\n?", re.M), ""),
    (re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)"), r"\1"),
    (re.compile(r"(?<!\\)(\*\*|__|\*|_|`)(?=\S)([^*_`\n]+)(?<=\S)\1"), r"\2"),
    (re.compile(r"^\| ?(.*?) ?\|$", re.M), r"\1"),
    (re.compile(r" (?<!\\)\| "), "\t"),
    (re.compile(r"\\([\\`*_{}\[\]()#+\-.!|>])"), r"\1"),
    (re.compile(r"\n{3,}"), "\n\n"),
)


def table(rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; the first row is its head, short rows are filled up."""
    texts = [[_cell(value) for value in row] for row in rows]
    width = max((len(row) for row in texts), default=0)
    if not width:
        return ""
    lines = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in texts]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)


def plain_text(markdown: str) -> str:
    """The text without Markdown's signs; cells of a table are parted by tabs."""
    for pattern, instead in _SYNTAX:
        markdown = pattern.sub(instead, markdown)
    return markdown.strip()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split()).replace("|", "\\|")
