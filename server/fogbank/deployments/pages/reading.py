"""What was typed into a form, as the JSON that it is for; mistakes are noted at their fields."""

import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import Request

from fogbank.deployments.pages.fields import Field, Group, Table
from fogbank.deployments.web import body

LIMIT = 1_000_000
"""Bytes of a form."""
MOST_FIELDS = 20_000
MOST_ROWS = 500
SEPARATORS = re.compile(r"[\s,;]+")
WHOLE = re.compile(r"[+-]?\d{1,15}")


class Wrong(ValueError):
    """What was typed is not what the field is for. The message stands beside the field."""


async def typed(request: Request) -> dict[str, str]:
    """The fields of a posted form by name. Raises BodyTooLarge, ValueError for too many fields."""
    raw = (await body(request, LIMIT)).decode("utf-8", "replace")
    pairs = parse_qsl(raw, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    return {name: value.replace("\r\n", "\n") for name, value in pairs}


def fill(group: Group, texts: Mapping[str, str]) -> None:
    """Puts the texts into the fields; a table gets as many rows as were sent."""
    for item in group.items:
        if isinstance(item, Group):
            fill(item, texts)
        elif isinstance(item, Table):
            _fill_table(item, texts)
        else:
            item.text = texts.get(item.name, "")


def _fill_table(table: Table, texts: Mapping[str, str]) -> None:
    named = re.compile(re.escape(table.name) + r"\.(\d{1,4})\.(.+)")
    sent: dict[int, dict[str, str]] = {}
    for name, text in texts.items():
        if (found := named.fullmatch(name)) and text.strip():
            sent.setdefault(int(found[1]), {})[found[2]] = text
    table.rows.clear()
    rows = [sent[index] for index in sorted(sent)][:MOST_ROWS]
    for index, row in enumerate([*rows, *({} for _ in range(table.spare))]):
        table.row(index, row)


def value_of(group: Group) -> dict[str, Any]:
    """The object; empty fields and rows are left out. Mistakes are noted in `error`."""
    found: dict[str, Any] = {}
    for item in group.items:
        key = item.name.rpartition(".")[2]
        if isinstance(item, Group):
            if inner := value_of(item):
                found[key] = inner
        elif isinstance(item, Table):
            rows = [_row(row) for row in item.rows]
            found[key] = [row for row in rows if row]
        elif item.text.strip():
            found[key] = _noted(item)
    return found


def _row(row: Mapping[str, Field]) -> dict[str, Any]:
    return {key: _noted(each) for key, each in row.items() if each.text.strip()}


def _noted(field: Field) -> Any:
    try:
        return parsed(field)
    except Wrong as error:
        field.error = str(error)
        return None


def parsed(field: Field) -> Any:
    """The value of a field that is not empty. Raises Wrong."""
    text = field.text.strip()
    if field.kind in ("boolean", "check"):
        return text.lower() in ("true", "on", "yes", "1")
    if field.kind == "number":
        return _number(text)
    if field.kind == "numbers":
        return [_number(each) for each in SEPARATORS.split(text.strip("[], \n")) if each]
    if field.kind == "json":
        return _json(text)
    return field.text


def _number(text: str) -> int | float:
    if WHOLE.fullmatch(text):
        return int(text)
    try:
        value = float(text.replace("−", "-"))
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise Wrong(f"“{text[:40]}” is not a number. Write it like 12.5, with a point.")
    return value


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if text[0] not in '[{"':
            return text
        raise Wrong(f"This is not valid JSON: {error}.") from error


def blame(group: Group, message: str) -> bool:
    """Notes what the API said at the field that it names; False if it names none.

    A whole path, `gridData.generators[0].cost`, is surer than a word.
    """
    said = re.sub(r"\[(\d+)\]", r".\1", message)
    words = set(re.findall(r"\w+", said.lower()))
    named = [
        (len(field.name) if _suffix(field.name) in said else 0, field)
        for field in group.fields()
        if _suffix(field.name) in said or field.name.rpartition(".")[2].lower() in words
    ]
    if not named:
        return False
    max(named, key=lambda each: each[0])[1].error = message
    return True


def _suffix(name: str) -> str:
    """The path without the object at its start, which not every message names."""
    return name.partition(".")[2] or name


def mistakes(group: Group) -> list[Field]:
    """The fields with an error."""
    return [field for field in group.fields() if field.error]
