"""The fields of a form, made from an example of the JSON that the form is for.

A text of the object itself gets several lines, a number becomes a number field, a list of numbers a
text of numbers, a list of objects a table, an object a group. Names are paths into the JSON:
`gridData.generators.0.capacity`. What an example lacks and the help names becomes optional.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from fogbank.charts.text import words

Kind = Literal["text", "long", "number", "boolean", "check", "numbers", "json"]
LONG = 60
"""Characters from which a text gets several lines."""
SPARE = 2
"""Empty rows at the end of a table."""


@dataclass(slots=True)
class Field:
    """One value. `text` is what stands in the field, `error` what is wrong with it.

    `label` is its last key as words, until somebody finds a better one. A text of few `choices` is
    a list to choose from. What is `optional` stands behind the others, folded away.
    """

    name: str
    kind: Kind
    text: str = ""
    help: str = ""
    error: str = ""
    label: str = ""
    choices: tuple[str, ...] = ()
    optional: bool = False

    def __post_init__(self) -> None:
        self.label = self.label or words(self.name.rpartition(".")[2])

    @property
    def id(self) -> str:
        """Its name, as an id of HTML."""
        return "f-" + self.name.replace(".", "-")

    @property
    def rows(self) -> int:
        """Lines of a text field."""
        return min(max(3, len(self.text) // 70 + 1), 14)


@dataclass(slots=True)
class Table:
    """Objects of the same keys. `columns` are the kinds by key, `heads` better words for keys."""

    name: str
    columns: dict[str, Kind]
    rows: list[dict[str, Field]] = field(default_factory=list)
    help: str = ""
    spare: int = SPARE
    heads: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Its last key, as words."""
        return words(self.name.rpartition(".")[2])

    def row(self, index: int, values: Mapping[str, str] | None = None) -> None:
        """Adds a row with these texts, by key."""
        texts = values or {}
        self.rows.append(
            {
                key: Field(
                    f"{self.name}.{index}.{key}", kind, texts.get(key, ""), label=self.head(key)
                )
                for key, kind in self.columns.items()
            }
        )

    def head(self, key: str) -> str:
        """What stands above a column."""
        return self.heads.get(key) or words(key)


@dataclass(slots=True)
class Group:
    """An object."""

    name: str
    items: list["Field | Table | Group"] = field(default_factory=list)
    help: str = ""

    @property
    def label(self) -> str:
        """Its last key, as words."""
        return words(self.name.rpartition(".")[2])

    def fields(self) -> Iterator[Field]:
        """Every field within, in order."""
        for item in self.items:
            if isinstance(item, Field):
                yield item
            elif isinstance(item, Group):
                yield from item.fields()
            else:
                yield from (each for row in item.rows for each in row.values())

    def find(self, name: str) -> Field | None:
        """The field of that name."""
        return next((each for each in self.fields() if each.name == name), None)


def form(example: Mapping[str, Any], help: Mapping[str, str]) -> Group:
    """The form of an object, filled with the example. `help` is by path, or by last key.

    A single key of the help belongs to the one object that the example consists of, if it does.
    """
    made = _group("", example, help)
    groups = {"": made, **{each.name: each for each in _groups(made)}}
    base = made.items[0].name if len(made.items) == 1 and len(groups) > 1 else ""
    for given, text in help.items():
        path = f"{base}.{given}" if base and "." not in given else given
        parent, _, key = path.rpartition(".")
        if parent in groups and key.isidentifier() and not _has(groups[parent], key):
            groups[parent].items.append(Field(path, "json", help=text, optional=True))
    return made


def _groups(group: Group) -> Iterator[Group]:
    for item in group.items:
        if isinstance(item, Group):
            yield item
            yield from _groups(item)


def _has(group: Group, key: str) -> bool:
    """Whether the object, or a table in it, has such a field."""
    names = {item.name.rpartition(".")[2] for item in group.items}
    columns = {key for item in group.items if isinstance(item, Table) for key in item.columns}
    return key in names | columns


def _group(name: str, value: Mapping[str, Any], help: Mapping[str, str]) -> Group:
    group = Group(name, help=_help(name, help))
    for key, each in value.items():
        path = f"{name}.{key}" if name else key
        if isinstance(each, Mapping) and each:
            group.items.append(_group(path, each, help))
        elif _is_table(each):
            group.items.append(_table(path, each, help))
        else:
            kind: Kind = "long" if isinstance(each, str) and not name else kind_of(each)
            group.items.append(Field(path, kind, text_of(each), _help(path, help)))
    return group


def _is_table(value: Any) -> bool:
    rows = isinstance(value, list) and value and all(isinstance(each, Mapping) for each in value)
    return bool(rows) and not any(
        isinstance(cell, Mapping) or _is_table(cell) for row in value for cell in row.values()
    )


def _table(name: str, value: list[Mapping[str, Any]], help: Mapping[str, str]) -> Table:
    columns: dict[str, Kind] = {}
    for row in value:
        for key, cell in row.items():
            kind: Kind = "text" if kind_of(cell) == "long" else kind_of(cell)
            columns[key] = kind if columns.get(key, kind) == kind else "json"
    table = Table(name, columns, help=_help(name, help))
    for index, row in enumerate(value):
        table.row(index, {key: text_of(cell) for key, cell in row.items()})
    for index in range(len(value), len(value) + SPARE):
        table.row(index)
    return table


def kind_of(value: Any) -> Kind:
    """What kind of field holds such a value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "long" if len(value) >= LONG else "text"
    if isinstance(value, list) and all(type(each) in (int, float) for each in value):
        return "numbers"
    return "json"


def text_of(value: Any) -> str:
    """A value as it stands in its field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if kind_of(value) == "numbers":
        return ", ".join(str(each) for each in value)
    return orjson.dumps(value).decode()


def _help(path: str, help: Mapping[str, str]) -> str:
    return help.get(path) or help.get(path.rpartition(".")[2]) or ""
