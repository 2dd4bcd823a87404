"""What the results about texts look like to people: segments to mark, scores, sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fogbank.charts.text import number, words

ENTITY_STYLES = {"ORG": 0, "TECH": 1, "LOC": 2, "METRIC": 3}
ENTITY_NAMES = {
    "ORG": "Organization",
    "TECH": "Technology",
    "LOC": "Location",
    "METRIC": "Quantity",
}
AROUND = 400
"""Characters of a context that are shown before and after an answer."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a text; `kind` says what it is, if it is anything. `style` is its number."""

    text: str
    kind: str = ""
    style: int = 0


def segments(text: str, spans: Iterable[tuple[int, int, str, int]]) -> list[Segment]:
    """The text cut at spans of start, end, kind and style; what overlaps an earlier one is left."""
    found: list[Segment] = []
    at = 0
    for start, end, kind, style in sorted(spans):
        if not at <= start < end <= len(text):
            continue
        if start > at:
            found.append(Segment(text[at:start]))
        found.append(Segment(text[start:end], kind, style))
        at = end
    if at < len(text):
        found.append(Segment(text[at:]))
    return found


def sentiment(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of text classification: label, score, and what the domain adds."""
    return {
        "label": inner.get("label", ""),
        "score": share(inner.get("score")),
        "labels": [str(each) for each in sequence(inner.get("domain_labels"))],
        "relevance": share(inner.get("climate_relevance")),
    }


def entities(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of token classification: the text with its entities, and their table."""
    rows = [each for each in sequence(inner.get("entities")) if isinstance(each, Mapping)]
    kinds = list(dict.fromkeys(str(each.get("type", "")) for each in rows))
    style = {kind: ENTITY_STYLES.get(kind, place % 4) for place, kind in enumerate(kinds)}
    spans = [
        (each["start"], each["end"], str(each.get("type", "")), style[str(each.get("type", ""))])
        for each in rows
        if isinstance(each.get("start"), int) and isinstance(each.get("end"), int)
    ]
    return {
        "segments": segments(str(input.get("text", "")), spans),
        "legend": [(kind, ENTITY_NAMES.get(kind, kind), style[kind]) for kind in kinds],
        "columns": ("Text", "Type", "Score", "From", "Source", "Also"),
        "rows": [_entity(each) for each in rows],
        "confidence": share(inner.get("confidence")),
    }


def _entity(each: Mapping[str, Any]) -> tuple[Any, ...]:
    shown = {"text", "type", "score", "start", "end", "source"}
    more = "; ".join(
        f"{words(key).lower()} {_told(value)}" for key, value in each.items() if key not in shown
    )
    kind = str(each.get("type", ""))
    return (
        str(each.get("text", "")),
        f"{ENTITY_NAMES.get(kind, kind)} ({kind})",
        each.get("score"),
        each.get("start"),
        str(each.get("source", "–")),
        more or "–",
    )


def _told(value: Any) -> str:
    """A value in a line: of an object the values alone, `15,000 MW`."""
    if isinstance(value, Mapping):
        return " ".join(_told(each) for each in value.values())
    return number(value)


def answer(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of question answering: the answer, marked in what surrounds it in the context."""
    context = str(input.get("context", ""))
    start, end = inner.get("start"), inner.get("end")
    found: list[Segment] = []
    if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(context):
        first, last = max(0, start - AROUND), min(len(context), end + AROUND)
        found = segments(context[first:last], [(start - first, end - first, "answer", 0)])
        found = [Segment("… "), *found] if first else found
        found = [*found, Segment(" …")] if last < len(context) else found
    return {
        "question": str(input.get("question", "")),
        "answer": str(inner.get("answer") or ""),
        "confidence": share(inner.get("confidence")),
        "segments": found,
    }


def impacts(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of text generation: the text, and an impact of each kind."""
    found = inner.get("impacts")
    return {
        "text": str(inner.get("text", "")),
        "tokens": inner.get("tokens_used"),
        "impacts": list(found.items()) if isinstance(found, Mapping) else [],
    }


def summary(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of summarization: the summary, and how much shorter it is, in words."""
    before, after = inner.get("original_length"), inner.get("summary_length")
    shorter = None
    if isinstance(before, int) and isinstance(after, int) and before > 0:
        shorter = max(0.0, 1 - after / before)
    points = [str(each) for each in sequence(inner.get("key_points"))]
    return {
        "summary": str(inner.get("summary", "")),
        "before": before,
        "after": after,
        "shorter": shorter,
        "points": points,
    }


def share(value: Any) -> float | None:
    """A number from 0 to 1, None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    return None


def sequence(value: Any) -> Sequence[Any]:
    """A list, empty for anything else."""
    return value if isinstance(value, list) else []
