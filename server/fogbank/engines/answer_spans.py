"""The best span of one window of a text, by the logits of its tokens' starts and ends.

The decoding of SQuAD 2 (Rajpurkar, Jia, Liang 2018; Devlin et al. 2019, section 4.3): a span scores
the sum of its two logits, and that there is no answer scores the sum at the first token.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_ANSWER_TOKENS = 30
"""As in the reference implementation: answers are short."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one window says. `best` is (score, start, end) in code points of the whole text.

    `null` is the score of there being no answer, `total` the log of the sum of all spans' exp.
    """

    null: float
    best: tuple[float, int, int] | None
    total: float


def read_window(starts: Any, ends: Any, encoding: Any) -> Window:
    """`starts` and `ends` are float tensors of (at least) the encoding's tokens."""
    import torch

    null = float(starts[0] + ends[0])
    tokens = [
        at
        for at, (part, (start, end)) in enumerate(
            zip(encoding.sequence_ids, encoding.offsets, strict=True)
        )
        if part == 1 and start < end
    ]
    if not tokens:
        return Window(null, None, -math.inf)
    scores = starts[tokens].unsqueeze(1) + ends[tokens].unsqueeze(0)
    allowed = torch.ones_like(scores, dtype=torch.bool).triu().tril(MAX_ANSWER_TOKENS - 1)
    scores = scores.masked_fill(~allowed, -math.inf)
    first, last = divmod(int(scores.argmax()), len(tokens))
    start, end = encoding.offsets[tokens[first]][0], encoding.offsets[tokens[last]][1]
    total = float(torch.logsumexp(scores.flatten(), 0))
    return Window(null, (float(scores[first, last]), start, end), total)


def choose(windows: Sequence[Window]) -> tuple[float, int, int]:
    """(probability, start, end) of the likeliest outcome; start and end are 0 for no answer.

    There is no answer where every window says so: the least of their scores counts. Windows
    overlap, so a span in two of them counts twice in what the probability is a share of.
    """
    null = min(window.null for window in windows)
    best = max((window.best for window in windows if window.best), default=None)
    score, start, end = best if best and best[0] > null else (null, 0, 0)
    parts = [null, *(window.total for window in windows)]
    total = max(parts) + math.log(math.fsum(math.exp(part - max(parts)) for part in parts))
    return math.exp(score - total), start, end
