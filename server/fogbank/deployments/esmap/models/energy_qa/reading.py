"""Reads a context for a question: its best sentences, and the spans in them, with their numbers."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.models.energy_qa.features import Sentence, of_span, overlap
from fogbank.deployments.esmap.models.energy_qa.question import Question
from fogbank.deployments.esmap.models.energy_qa.spans import Span, spans
from fogbank.deployments.esmap.models.energy_qa.words import words
from fogbank.deployments.esmap.windows import CHARACTERS, sentences, windows
from fogbank.tasks import (
    Entity,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
    TokenClassificationRequest,
    TokenClassificationResult,
)

MOST_SENTENCES = 128
"""What comes after them is not read."""

BEST = 3
"""Sentences in which spans are looked for."""

OVERLAP_WEIGHT = 0.5
"""Of the shared words in the choice of sentences, beside their similarity."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of the context and its numbers."""

    span: Span
    sentence: Sentence
    numbers: dict[str, float]


class Reader:
    """`embeddings` and `entities` are models of the runtime."""

    def __init__(self, embeddings: str, entities: str) -> None:
        self._embeddings = embeddings
        self._entities = entities

    async def candidates(self, question: Question, context: str, call: Call) -> list[Candidate]:
        """Spans that may answer; none where the context has no words. Raises AIError."""
        read = await self._best(question, context, call)
        tagged = await asyncio.gather(*(self._names(sentence.text, call) for sentence in read))
        found = await call.compute(
            lambda: [
                (span, sentence)
                for sentence, names in zip(read, tagged, strict=True)
                for span in spans(sentence.text, sentence.start, question, names)
            ]
        )
        if not found:
            return []
        texts = [context[span.start : span.end] for span, _ in found]
        rows = await self._embed([question.asked, *dict.fromkeys(texts)], call)
        near = dict(zip(dict.fromkeys(texts), (rows[1:] @ rows[0]).tolist(), strict=True))
        best = max(sentence.similarity for sentence in read)
        return [
            Candidate(span, sentence, of_span(span, sentence, best, question, near[text]))
            for (span, sentence), text in zip(found, texts, strict=True)
        ]

    async def _best(self, question: Question, context: str, call: Call) -> list[Sentence]:
        pieces = [
            (whole.start + piece.start, piece.text)
            for whole in sentences(context)
            for piece in windows(whole.text, CHARACTERS)
        ][:MOST_SENTENCES]
        if not pieces:
            return []
        rows = await self._embed([question.text, *(text for _, text in pieces)], call)
        read = [
            Sentence(start, text, float(near), overlap(question, text), tuple(words(text, start)))
            for (start, text), near in zip(pieces, rows[1:] @ rows[0], strict=True)
        ]
        read.sort(key=lambda each: -each.similarity - OVERLAP_WEIGHT * each.overlap)
        return read[:BEST]

    async def _names(self, text: str, call: Call) -> list[Entity]:
        answer = await call.run(self._entities, TokenClassificationRequest(text))
        assert isinstance(answer.result, TokenClassificationResult)
        return answer.result.entities

    async def _embed(self, texts: Sequence[str], call: Call) -> NDArray[np.float64]:
        answer = await call.run(self._embeddings, TextEmbeddingsRequest(tuple(texts)))
        assert isinstance(answer.result, TextEmbeddingsResult)
        return np.asarray(answer.result.vectors, dtype=np.float64)
