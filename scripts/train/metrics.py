"""The figures the model cards report."""

from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

Span = tuple[int, int, str]


def spans(tags: Sequence[str]) -> set[Span]:
    """Entities as (first, past the last, type), read from IOB2 as leniently as conlleval does.

    >>> sorted(spans(["B-PER", "I-PER", "O", "I-ORG", "B-ORG"]))
    [(0, 2, 'PER'), (3, 4, 'ORG'), (4, 5, 'ORG')]
    """
    found: set[Span] = set()
    start, kind = 0, ""
    for at, tag in enumerate([*tags, "O"]):
        if kind and (tag == "O" or tag.startswith("B-") or tag[2:] != kind):
            found.add((start, at, kind))
            kind = ""
        if tag != "O" and not kind:
            start, kind = at, tag[2:]
    return found


def entity_scores(pairs: Iterable[tuple[Sequence[str], Sequence[str]]]) -> dict[str, float]:
    """Micro precision, recall and F1 of (gold, predicted) tag rows, and F1 per type.

    An entity counts only when its first token, its last token and its type are all right.
    """
    right: Counter[str] = Counter()
    gold_n: Counter[str] = Counter()
    said_n: Counter[str] = Counter()
    for gold, said in pairs:
        true, guess = spans(gold), spans(said)
        for counter, these in ((right, true & guess), (gold_n, true), (said_n, guess)):
            counter.update(kind for _, _, kind in these)
    scores = {
        "precision": right.total() / max(1, said_n.total()),
        "recall": right.total() / max(1, gold_n.total()),
        "f1": _f1(right.total(), gold_n.total(), said_n.total()),
    }
    for kind in sorted(gold_n):
        scores[f"f1_{kind}"] = _f1(right[kind], gold_n[kind], said_n[kind])
    return {**scores, "entities": gold_n.total()}


def _f1(right: int, gold: int, said: int) -> float:
    return 2 * right / max(1, gold + said)


def calibration_error(logits: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Expected calibration error of (n, labels) logits: mean |confidence - accuracy| over bins."""
    confidence, said = logits.softmax(-1).max(-1)
    right = (said == labels).float()
    bin_of = (confidence * bins).long().clamp(max=bins - 1)
    error = 0.0
    for number in range(bins):
        inside = bin_of == number
        if inside.any():
            gap = (confidence[inside].mean() - right[inside].mean()).abs()
            error += float(gap * inside.float().mean())
    return error


def best_temperature(logits: Tensor, labels: Tensor) -> float:
    """The T in [0.3, 5) that makes logits / T least surprised by `labels`."""
    grid = [0.3 + 0.01 * step for step in range(470)]
    surprise = torch.nn.functional.cross_entropy
    return min(grid, key=lambda t: float(surprise(logits / t, labels)))
