"""Summaries of a text's own sentences, on vectors that are chosen by hand."""

import math
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.engines.transformers_answers import extract
from fogbank.engines.transformers_batches import Computed
from fogbank.engines.transformers_text import TokenizedText
from fogbank.tasks import SummarizationRequest, SummarizationResult

pytestmark = pytest.mark.anyio


class Angles:
    """Stands where a head's batches do: a sentence begins with the angle of its vector."""

    async def compute(self, parts: Sequence[str]) -> Computed:
        angles = [math.radians(float(part.split()[0])) for part in parts]
        texts = [self._read(part) for part in parts]
        return Computed([[math.cos(angle), math.sin(angle)] for angle in angles], texts)

    @staticmethod
    def _read(part: str) -> TokenizedText:
        words = part.split()
        ends = [len(" ".join(words[: at + 1])) for at in range(len(words))]
        encoding = SimpleNamespace(
            offsets=[(end - len(word), end) for word, end in zip(words, ends, strict=True)],
            special_tokens_mask=[0] * len(words),
        )
        return TokenizedText(part, [1] * len(words), encoding, len(words))


async def test_of_sentences_that_are_all_too_long_the_best_is_begun() -> None:
    """The one nearest to the centre of all, not the first of several good ones."""
    text = " ".join(f"{angle} and more words follow." for angle in (0, 85, 90, 45, 95, 5))
    batches: Any = Angles()
    result = await extract(batches, SummarizationRequest(text, 3))
    assert isinstance(result, SummarizationResult)
    assert result.summary == "45 and more"
