"""Whether an answer is the known one."""

import re
from typing import Any

from fogbank.deployments.esmap.card import Golden

NOTHING = object()
INDEX = re.compile(r"[0-9]{1,9}")


def mismatches(golden: Golden, result: Any) -> list[str]:
    """What is not as expected, one text a path; none where the answer holds."""
    told = []
    for path, expected in golden.expect.items():
        found = at(result, path)
        if found is NOTHING:
            told.append(f"{path}: expected {expected!r}, but there is no such value")
        elif not holds(found, expected, golden.tolerance):
            told.append(f"{path}: expected {expected!r}, found {found!r}"[:500])
    return told


def at(value: Any, path: str) -> Any:
    """The value under a dotted path such as `entities.0.type`, or NOTHING."""
    for key in path.split("."):
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and INDEX.fullmatch(key) and int(key) < len(value):
            value = value[int(key)]
        else:
            return NOTHING
    return value


def holds(found: Any, expected: Any, tolerance: float) -> bool:
    """Numbers within `tolerance` of the expected one, relative (of 0: absolute); others equal."""
    if _number(found) and _number(expected):
        return bool(abs(found - expected) <= tolerance * (abs(expected) or 1))
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(
            holds(one, other, tolerance) for one, other in zip(found, expected, strict=True)
        )
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(
            holds(found[key], expected[key], tolerance) for key in expected
        )
    return type(found) is type(expected) and bool(found == expected)


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
