"""What a Worker saw against what was recorded: everything but the contents.

Compared word for word: types, classes, names, messages, properties, statuses, content types. Of
values only the shape: the keys of objects, the types of what is in them. Texts, numbers, ids and
the lengths of lists are contents, and differ.
"""

import json
from collections.abc import Iterator
from typing import Any

from tests.workers.capture.deviations import BEYOND

CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}
"""Headers of the connection, which each HTTP server sets as it does."""
WORDS = {"content-type", "cf-aig-step", "cf-aig-cache-status"}
"""Headers whose values are no contents."""
AFTER = ("lastRequestHttpStatusCode", "lastRequestInternalStatusCode")
IDS = ("lastRequestId", "aiGatewayLogId")
MAY_BE_EMPTY = (".properties", ".segments")
"""Lists of which some answers have nothing."""
SHAPED = {"value", "chunks", "body", "headers", "after"}
OPTIONAL = {"code", "ctor"}
"""Only some errors have a code; an array's class is not recorded."""


def differences(recorded: dict[str, Any], seen: dict[str, Any]) -> list[str]:
    """One line for each thing that is not as recorded; none where all is."""
    if recorded.keys() - OPTIONAL != seen.keys() - OPTIONAL:
        return [f"recorded {_in_short(recorded)}, seen {_in_short(seen)}"]
    found = [*_words(recorded, seen)]
    if "value" in recorded:
        found += alike(recorded["value"], seen["value"], "value")
    if "chunks" in recorded:
        found += _text("".join(recorded["chunks"]), "".join(seen["chunks"]), "chunks")
    if "body" in recorded:
        found += _headers(dict(recorded["headers"]), dict(seen["headers"]))
        found += _text(recorded["body"], seen["body"], "body")
    return [*found, *_after(recorded["after"], seen["after"])]


def alike(recorded: Any, seen: Any, at: str) -> Iterator[str]:
    """How the shape of a JSON value differs; `at` is where it stands."""
    if _kind(recorded) != _kind(seen):
        yield f"{at}: recorded {_kind(recorded)}, seen {_kind(seen)}: {seen!r:.80}"
    elif isinstance(recorded, dict):
        if lacking := recorded.keys() - seen.keys():
            yield f"{at}: lacks {sorted(lacking)}"
        if more := seen.keys() - recorded.keys() - BEYOND.keys():
            yield f"{at}: recorded without {sorted(more)}"
        for key in recorded.keys() & seen.keys():
            yield from alike(recorded[key], seen[key], f"{at}.{key}")
    elif isinstance(recorded, list):
        if bool(recorded) != bool(seen) and not at.endswith(MAY_BE_EMPTY):
            yield f"{at}: recorded {len(recorded)} items, seen {len(seen)}"
        for place, item in enumerate(seen if recorded else []):
            tries = [[*alike(known, item, f"{at}[{place}]")] for known in recorded]
            yield from min(tries, key=len)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else type(value).__name__


def _in_short(told: dict[str, Any]) -> str:
    return str(told.get("String") or told.get("ctor") or told.get("type"))


def _words(recorded: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    for key in sorted((recorded.keys() | seen.keys()) - SHAPED):
        if recorded.get(key) != seen.get(key):
            yield f"{key}: recorded {recorded.get(key)!r}, seen {seen.get(key)!r}"


def _headers(recorded: dict[str, str], seen: dict[str, str]) -> Iterator[str]:
    for name in sorted(recorded.keys() - CONNECTION):
        if name not in seen:
            yield f"headers: lacks {name}"
        elif name in WORDS and recorded[name] != seen[name]:
            yield f"headers: {name}: recorded {recorded[name]!r}, seen {seen[name]!r}"


def _text(recorded: str, seen: str, at: str) -> Iterator[str]:
    """A body: the events of a stream, a JSON value, or the very text."""
    if recorded.startswith("data: "):
        yield from _events(_data(recorded), _data(seen), at)
    elif recorded.startswith("{"):
        yield from alike(json.loads(recorded), json.loads(seen), at)
    elif recorded != seen:
        yield f"{at}: recorded {recorded!r:.80}, seen {seen!r:.80}"


def _data(text: str) -> list[str]:
    return [event.removeprefix("data: ") for event in text.split("\n\n")]


def _events(recorded: list[str], seen: list[str], at: str) -> Iterator[str]:
    """The last words are the same, and every event before is of a recorded shape."""
    if recorded[-2:] != seen[-2:]:
        yield f"{at}: ends with {seen[-2:]}, recorded {recorded[-2:]}"
    known = [json.loads(event) for event in recorded[:-2]]
    yield from alike(known, [json.loads(event) for event in seen[:-2]], at)


def _after(recorded: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    """What the binding kept: statuses and codes themselves, of ids only whether there is one."""
    for name in AFTER:
        if recorded[name] != seen[name]:
            yield f"after.{name}: recorded {recorded[name]!r}, seen {seen[name]!r}"
    for name in IDS:
        if _id(recorded[name]) != _id(seen[name]):
            yield f"after.{name}: recorded {recorded[name]!r}, seen {seen[name]!r}"


def _id(value: str | None) -> str:
    return "none" if value is None else "an id" if value else "empty"
