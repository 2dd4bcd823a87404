"""A YAML file as plain data that remembers the line of every key.

Only plain data is read: text, numbers, booleans, null, dates, lists and mappings with text keys.
Tags, duplicate keys and files that grow beyond NODE_LIMIT values are mistakes.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from fogbank.catalog.mistakes import Mistake

NODE_LIMIT = 50_000
DEPTH_LIMIT = 50

Loc = tuple[str | int, ...]

_YAML = "tag:yaml.org,2002:"
_SCALARS = {_YAML + name for name in ("str", "int", "float", "bool", "null", "timestamp")}
_LARGEST = 2**63
_BAD_SCALAR = (ValueError, KeyError, IndexError, AttributeError, OverflowError, yaml.YAMLError)


class _TooLarge(Exception):
    """The file unfolds (through aliases, perhaps without end) to more than the limits allow."""


@dataclass(slots=True)
class Document:
    """`data` is what the file says, None where it cannot be read; `lines` where it says so."""

    file: Path
    data: Any = None
    lines: dict[Loc, int] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def line(self, loc: Loc) -> int:
        """The line of a key, or of the nearest key around it when it is not in the file."""
        while loc and loc not in self.lines:
            loc = loc[:-1]
        return self.lines.get(loc, 0)

    def mistake(self, loc: Loc, message: str) -> Mistake:
        """A mistake at a key of this file."""
        return Mistake(self.file, self.line(loc), dotted(loc), message)


def dotted(loc: Loc) -> str:
    """`engines.smollm2.options` or `aliases[1]`, as an author would write a key path."""
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def read_document(file: Path) -> Document:
    """Reads one file. Never raises; what is wrong is in `mistakes`."""
    document = Document(file)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        document.mistakes.append(Mistake(file, 0, "", f"cannot be read: {error}"))
        return document
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            document.mistakes.append(Mistake(file, 0, "", "the file is empty"))
        else:
            document.data = _Reader(document).value(node, ())
    except yaml.MarkedYAMLError as error:
        document.mistakes.append(_syntax_mistake(file, error))
    except yaml.YAMLError as error:
        document.mistakes.append(Mistake(file, 0, "", f"not YAML: {error}"))
    except (_TooLarge, RecursionError):
        document.data = None
        document.mistakes.append(
            Mistake(
                file, 0, "", f"deeper than {DEPTH_LIMIT} levels or more than {NODE_LIMIT} values"
            )
        )
    return document


def _syntax_mistake(file: Path, error: yaml.MarkedYAMLError) -> Mistake:
    mark = error.problem_mark or error.context_mark
    what = " ".join(part for part in (error.context, error.problem) if part)
    return Mistake(file, mark.line + 1 if mark else 0, "", f"not YAML: {what}")


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._constructor = SafeConstructor()
        self._count = 0

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        self._count += 1
        if self._count > NODE_LIMIT or len(loc) > DEPTH_LIMIT:
            raise _TooLarge
        self._document.lines.setdefault(loc, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode) and node.tag == _YAML + "map":
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode) and node.tag == _YAML + "seq":
            return [self.value(item, (*loc, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
            return self._scalar(node, loc)
        self._add(node, loc, f"the tag {node.tag!r} is not read; expected plain data")
        return None

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._add(key_node, loc, "a key is text, not a list or a mapping")
                continue
            key = key_node.value
            if key in data:
                first = self._document.lines[(*loc, key)]
                self._add(key_node, (*loc, key), f"the key is already given in line {first}")
                continue
            self._document.lines[(*loc, key)] = key_node.start_mark.line + 1
            data[key] = self.value(value_node, (*loc, key))
        return data

    def _scalar(self, node: yaml.ScalarNode, loc: Loc) -> Any:
        try:
            value = self._constructor.construct_object(node)
        except _BAD_SCALAR:
            kind = node.tag.removeprefix(_YAML)
            self._add(node, loc, f"{node.value!r} is not a valid {kind}; quote it if text is meant")
            return None
        if isinstance(value, int) and abs(value) > _LARGEST:
            self._add(node, loc, "a number of more than 64 bits; quote it if text is meant")
            return None
        return value

    def _add(self, node: yaml.Node, loc: Loc, message: str) -> None:
        line = node.start_mark.line + 1
        self._document.mistakes.append(Mistake(self._document.file, line, dotted(loc), message))
