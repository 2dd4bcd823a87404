"""What speaks for a span as the answer, and for the text holding an answer at all: numbers.

The names of the numbers are those of the weights in the card's config.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fogbank.deployments.esmap.models.energy_qa.question import Kind, Question
from fogbank.deployments.esmap.models.energy_qa.spans import Span
from fogbank.deployments.esmap.models.energy_qa.words import Word, words

FITS: Mapping[Kind, Mapping[str, float]] = {
    Kind.AMOUNT: {"amount": 1.0, "part": 0.1, "chunk": 0.1},
    Kind.DATE: {"date": 1.0, "part": 0.2, "clause": 0.1, "chunk": 0.2},
    Kind.NAME: {"name": 1.0, "run": 0.7, "part": 0.3, "chunk": 0.4, "place": 0.2},
    Kind.PLACE: {"place": 1.0, "run": 0.6, "name": 0.3, "part": 0.2, "chunk": 0.2},
    Kind.REASON: {"reason": 1.0, "clause": 0.5, "part": 0.2},
    Kind.MANNER: {"manner": 1.0, "reason": 0.3, "clause": 0.3, "part": 0.5, "chunk": 0.3},
    Kind.THING: {"chunk": 0.8, "part": 0.6, "name": 0.4, "run": 0.4, "place": 0.3, "clause": 0.1},
}
"""How well a kind of span fits a kind of question; a kind that is not named does not."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of the context. `similarity` to the question and `overlap` of their words: 0-1."""

    start: int
    text: str
    similarity: float
    overlap: float
    words: tuple[Word, ...]


def overlap(question: Question, text: str) -> float:
    """The share of the question's content words in a text; names and numbers count double."""
    stems = {word.stem for word in words(text)}
    weight = {stem: 2.0 if stem in question.sharp else 1.0 for stem in question.stems}
    return sum(w for stem, w in weight.items() if stem in stems) / max(sum(weight.values()), 1.0)


def of_span(
    span: Span, sentence: Sentence, best: float, question: Question, affinity: float
) -> dict[str, float]:
    """The numbers of one span. `best` is the similarity of the best sentence of all."""
    inside = [word for word in sentence.words if span.start <= word.start < span.end]
    content = [word for word in inside if word.is_content]
    repeated = sum(word.stem in question.stems for word in content)
    return {
        "behind": sentence.similarity - best,
        "overlap": sentence.overlap,
        "fits": FITS[question.kind].get(span.kind, 0.0),
        "measures": _measures(span, question),
        "near": _nearness(span, sentence, question),
        "side": _side(span, sentence, question),
        "repeats": repeated / max(len(content), 1),
        "says": float(bool(content)),
        "affinity": affinity,
        "length": max(len(inside) - 4, 0) / 8,
    }


def _measures(span: Span, question: Question) -> float:
    """1 where an amount measures what was asked for, -1 where it measures something else."""
    if span.kind != "amount":
        return 0.0
    if question.counted:
        return 1.0 if span.dimension == question.counted else -0.5 * (span.dimension is not None)
    if not question.dimensions or span.dimension is None:
        return 0.0
    return 1.0 if span.dimension in question.dimensions else -1.0


def _asked(sentence: Sentence, question: Question) -> list[int]:
    own = enumerate(sentence.words)
    return [at for at, word in own if word.is_content and word.stem in question.stems]


def _place(span: Span, sentence: Sentence) -> tuple[int, int]:
    inside = [at for at, word in enumerate(sentence.words) if span.start <= word.start < span.end]
    return (inside[0], inside[-1]) if inside else (0, 0)


def _nearness(span: Span, sentence: Sentence, question: Question) -> float:
    """The mean nearness of the question's words in the sentence: 1 beside the span, to 0."""
    first, last = _place(span, sentence)
    outside = [at for at in _asked(sentence, question) if not first <= at <= last]
    gaps = [first - at if at < first else at - last for at in outside]
    return sum(1 / (1 + 0.3 * (gap - 1)) for gap in gaps) / max(len(question.stems), 1)


def _side(span: Span, sentence: Sentence, question: Question) -> float:
    """1 where the span stands on the side of the question's words that its form asks for, or -1."""
    first, last = _place(span, sentence)
    asked = _asked(sentence, question)
    before = sum(at > last for at in asked)
    after = sum(at < first for at in asked)
    if not before + after or question.kind not in (Kind.THING, Kind.NAME):
        return 0.0
    lean = (before - after) / (before + after)
    return lean if question.subject else -lean


def of_evidence(
    scores: Sequence[float],
    chosen: Mapping[str, float],
    sentence: Sentence,
    question: Question,
    context: str,
) -> dict[str, float]:
    """What tells whether the context answers at all. `scores` of all spans, the best first."""
    stems = {word.stem for word in words(context)}
    missing = question.sharp - stems
    return {
        "similarity": sentence.similarity,
        "overlap": sentence.overlap,
        "covered": overlap(question, context),
        "missing": len(missing) / max(len(question.sharp), 1),
        "score": scores[0],
        "margin": scores[0] - scores[1] if len(scores) > 1 else 5.0,
        "fits": chosen["fits"],
        "measures": chosen["measures"],
        "near": chosen["near"],
    }
