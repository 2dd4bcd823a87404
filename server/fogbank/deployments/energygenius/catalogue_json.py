"""A catalogue in JSON: records with the lines that they begin in."""

import json
import re
from typing import Any

from fogbank.deployments.energygenius.catalogue_rows import Raw, Wrong
from fogbank.deployments.energygenius.fields import shown

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|\n')
TEXTS = ("note", "source", "date")
KEYS = ("plans", "sample", *TEXTS)


def read_json(content: bytes) -> Raw:
    """Never raises; what cannot be read is in `wrong`."""
    raw = Raw()
    try:
        text = content.decode("utf-8-sig")
        data = json.loads(text, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raw.wrong.append(Wrong(0, "", f"not UTF-8: {error.reason}"))
        return raw
    except json.JSONDecodeError as error:
        raw.wrong.append(Wrong(error.lineno, "", f"not JSON: {error.msg}"))
        return raw
    except (ValueError, RecursionError) as error:
        raw.wrong.append(Wrong(0, "", f"not JSON: {error}"))
        return raw
    plans = _plans(data, raw)
    lines = _lines(text, 1 if isinstance(data, list) else 2)
    places = iter(lines)
    for item in plans:
        if isinstance(item, dict):
            raw.records.append((next(places, 0), item))
        else:
            raw.wrong.append(Wrong(0, "plans", f"{shown(item)} is no plan; expected an object"))
    return raw


def _plans(data: Any, raw: Raw) -> list[Any]:
    if isinstance(data, list):
        return data
    if not isinstance(data, dict) or not isinstance(data.get("plans"), list):
        raw.wrong.append(Wrong(1, "", "expected a list of plans, or an object with a list `plans`"))
        return []
    for key in sorted(set(data) - set(KEYS)):
        raw.wrong.append(Wrong(0, key, f"unknown key; expected one of {', '.join(KEYS)}"))
    for key in TEXTS:
        if not isinstance(data.get(key, ""), str):
            raw.wrong.append(Wrong(0, key, f"expected text, not {shown(data[key])}"))
    if not isinstance(data.get("sample", False), bool):
        raw.wrong.append(Wrong(0, "sample", f"expected true or false, not {shown(data['sample'])}"))
    raw.sample = data.get("sample") is True
    raw.note, raw.source, raw.date = (str(data.get(key, "")) for key in TEXTS)
    plans: list[Any] = data["plans"]
    return plans


def _lines(text: str, depth: int) -> list[int]:
    """The lines in which the objects at this depth begin."""
    found, line, level = list[int](), 1, 0
    for match in TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
        elif token in "[{":
            if token == "{" and level == depth:
                found.append(line)
            level += 1
        elif token in "]}":
            level -= 1
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
