"""IOB2 labels to entities: B-X begins one of type X, I-X continues it, O is outside."""

from collections.abc import Iterable
from typing import NamedTuple

from fogbank.tasks import Entity


class Word(NamedTuple):
    """A word of a text: its label, that label's probability, its slice of the text."""

    label: str
    score: float
    start: int
    end: int


def group(text: str, words: Iterable[Word]) -> list[Entity]:
    """The entities, in the order of the text; a score is the mean of the words'.

    An I-X that continues nothing, or another type, begins an entity, as in conlleval.
    """
    spans: list[list[Word]] = []
    before = ""
    for word in words:
        prefix, _, kind = word.label.partition("-")
        if not kind:
            before = ""
            continue
        if prefix == "I" and kind == before:
            spans[-1].append(word)
        else:
            spans.append([word])
        before = kind
    return [_entity(text, span) for span in spans]


def _entity(text: str, span: list[Word]) -> Entity:
    start, end = span[0].start, span[-1].end
    score = sum(word.score for word in span) / len(span)
    return Entity(span[0].label.partition("-")[2], text[start:end], score, start, end)
