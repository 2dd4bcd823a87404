"""Rows of the logs that people have: JSON lines, JSON of an API, CSV. Flat, each with its place."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

SNIFFED = 1 << 16
DELIMITERS = ",;\t|"
BUCKETS = "results"
"""What a bucket of OpenAI's usage API has, beside its `start_time`."""


@dataclass(frozen=True, slots=True)
class LogRow:
    """`line` counts from 1; in a JSON document it is the number of the record. `error`: unread."""

    line: int
    values: dict[str, Any]
    error: str = ""


def read_rows(file: Path) -> Iterator[LogRow]:
    """Rows of a file, whatever its form; nested names are joined by dots.

    Raises OSError, and ValueError where it has none of the forms.
    """
    with file.open("rb") as opened:
        start = opened.read(SNIFFED).lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start:
        raise ValueError(f"{file} is empty")
    if start[:1] not in b"{[":
        yield from _csv(file)
    elif start[:1] == b"[" or not _is_a_line(start):
        yield from _document(file)
    else:
        yield from _lines(file)


def _is_a_line(start: bytes) -> bool:
    """Whether the first line is an object by itself, and no answer of an API on one line."""
    line = start.split(b"\n", 1)[0]
    try:
        first = orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return not any(isinstance(value, list) for value in _flat(first).values())


def _lines(file: Path) -> Iterator[LogRow]:
    with file.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            if not line.strip():
                continue
            try:
                value = orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield LogRow(number, {}, f"is no JSON: {error.msg}")
                continue
            yield _row(number, value)


def _document(file: Path) -> Iterator[LogRow]:
    try:
        document = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{file} is no JSON (line {error.lineno}: {error.msg})") from None
    found = list(_records(document))
    if not found:
        raise ValueError(f"{file} has no list of records")
    for number, value in enumerate(found, start=1):
        yield _row(number, value)


def _csv(file: Path) -> Iterator[LogRow]:
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as opened:
        heading = opened.readline()
        opened.seek(0)
        reader = csv.reader(opened, delimiter=max(DELIMITERS, key=heading.count))
        names = [name.strip() for name in next(reader)]
        for cells in reader:
            if not any(cells):
                continue
            if len(cells) != len(names):
                error = f"has {len(cells)} cells where there are {len(names)} columns"
                yield LogRow(reader.line_num, {}, error)
                continue
            yield LogRow(reader.line_num, dict(zip(names, cells, strict=True)))


def _records(value: Any) -> Iterator[Any]:
    """The objects of the first lists on the way down; a bucket gives its own values to each."""
    if isinstance(value, list):
        for each in value:
            if isinstance(each, dict) and isinstance(each.get(BUCKETS), list):
                outer = {name: inner for name, inner in each.items() if name != BUCKETS}
                yield from ({**outer, **inner} for inner in each[BUCKETS])
            elif isinstance(each, dict) and _has_list_of_objects(each):
                yield from _records(each)
            else:
                yield each
    elif isinstance(value, dict):
        for each in value.values():
            if isinstance(each, dict | list):
                yield from _records(each)


def _has_list_of_objects(value: dict[str, Any]) -> bool:
    return any(
        isinstance(each, list) and each and isinstance(each[0], dict) for each in value.values()
    )


def _row(line: int, value: Any) -> LogRow:
    if not isinstance(value, dict):
        return LogRow(line, {}, "is no object")
    return LogRow(line, _flat(value))


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if not isinstance(value, dict):
        return {}
    found: dict[str, Any] = {}
    for name, each in value.items():
        if isinstance(each, dict):
            found |= _flat(each, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = each
    return found
