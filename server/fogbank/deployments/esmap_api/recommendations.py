"""What follows from an analysis, as sentences: mood and organizations (deployments.md, B)."""

from collections.abc import Iterable, Mapping
from typing import Any

CLEAR = 0.6
"""Scores from here on are worth a sentence; 0.5 is a coin."""
NAMED = 3


def recommendations(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """`found` has A's `result` by kind of analysis. A fallback says nothing."""
    sentences = []
    if (inner := _inner(found, "classification")) and (mood := _mood(inner)):
        sentences.append(mood)
    if inner := _inner(found, "entities"):
        names = _organizations(inner)
        if names:
            sentences.append(_of_organizations(names))
    return sentences


def _inner(found: Mapping[str, Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    result = found.get(kind)
    if result is None or result.get("fallback"):
        return None
    inner = result.get("result")
    return inner if isinstance(inner, Mapping) else None


def _mood(inner: Mapping[str, Any]) -> str | None:
    score = inner.get("score")
    if inner.get("label") != "POSITIVE" or not isinstance(score, int | float) or score < CLEAR:
        return None
    return (
        f"The text is positive ({score:.0%} sure): consider it as an example of what works, and"
        " look at how it could be repeated."
    )


def _organizations(inner: Mapping[str, Any]) -> list[str]:
    """Each once, in the order of the text."""
    entities: Iterable[Any] = inner.get("entities") or ()
    names: dict[str, None] = {}
    for entity in entities:
        if isinstance(entity, Mapping) and entity.get("type") == "ORG" and entity.get("text"):
            names.setdefault(str(entity["text"]))
    return list(names)


def _of_organizations(names: list[str]) -> str:
    told = names[:NAMED]
    more = len(names) - len(told)
    last = f"{more} more" if more else told.pop() if len(told) > 1 else None
    joined = ", ".join(told)
    listed = f"{joined} and {last}" if last else joined
    noun = "organization is" if len(names) == 1 else "organizations are"
    return f"{len(names)} {noun} named: follow up with {listed}."
