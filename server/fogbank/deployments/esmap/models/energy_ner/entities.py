"""Entities of a text, and which of them stay where they overlap."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Source = Literal["model", "terms", "quantities"]
METRIC = "METRIC"


@dataclass(frozen=True, slots=True)
class Found:
    """The span `text[start:end]`, in code points. `more` is what only some entities have."""

    type: str
    start: int
    end: int
    score: float
    source: Source
    more: Mapping[str, Any] = field(default_factory=dict)

    def rendered(self, text: str) -> dict[str, Any]:
        """As a client gets it."""
        return {
            "text": text[self.start : self.end],
            "type": self.type,
            "score": round(self.score, 4),
            "start": self.start,
            "end": self.end,
            "source": self.source,
            **self.more,
        }


def without_overlaps(found: Iterable[Found]) -> list[Found]:
    """Those that stay, in the order of the text.

    Where two overlap, a METRIC stays before any other type, else the longer one, else the one by
    terms before the one by the model, else the one of the higher score.
    """
    kept: list[Found] = []
    for each in sorted(found, key=_rank):
        if not any(each.start < other.end and other.start < each.end for other in kept):
            kept.append(each)
    return sorted(kept, key=lambda each: each.start)


def _rank(each: Found) -> tuple[bool, int, bool, float, int]:
    length = each.end - each.start
    return each.type != METRIC, -length, each.source == "model", -each.score, each.start
