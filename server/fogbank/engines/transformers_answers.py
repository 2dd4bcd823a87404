"""From a request to the result of its task, by way of the batches of a loaded head."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from fogbank.engines import answer_spans, extractive
from fogbank.engines.transformers_batches import TextBatches
from fogbank.tasks import (
    QUESTION_ANSWERING,
    RERANKING,
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDINGS,
    TOKEN_CLASSIFICATION,
    QuestionAnsweringRequest,
    QuestionAnsweringResult,
    RerankingRequest,
    RerankingResult,
    SummarizationRequest,
    SummarizationResult,
    TaskResult,
    TextClassificationRequest,
    TextClassificationResult,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
    TokenClassificationRequest,
    TokenClassificationResult,
)

Answer = Callable[[TextBatches, Any], Awaitable[TaskResult]]


async def embed(batches: TextBatches, request: TextEmbeddingsRequest) -> TaskResult:
    """A vector for each text."""
    computed = await batches.compute(request.texts, request.pooling, truncate=request.truncate)
    return TextEmbeddingsResult(computed.results, computed.usage)


async def compare(batches: TextBatches, request: RerankingRequest) -> TaskResult:
    """Reranking by embeddings: the cosine of query and passage. The query is read once."""
    computed = await batches.compute(
        (request.query, *request.contexts), request.pooling, truncate=request.truncate
    )
    query, *passages = computed.results
    # A thousand passages take the time of several other requests.
    return RerankingResult(await asyncio.to_thread(_cosines, query, passages), computed.usage)


def _cosines(query: list[float], rows: list[list[float]]) -> list[float]:
    return [sum(a * b for a, b in zip(query, row, strict=True)) for row in rows]


async def extract(batches: TextBatches, request: SummarizationRequest) -> TaskResult:
    """A summary of the text's own sentences; of a part of the best where none is short enough."""
    parts = await asyncio.to_thread(extractive.sentences, request.text) or [request.text]
    computed = await batches.compute(parts)
    lengths = [text.whole - text.encoding.special_tokens_mask.count(1) for text in computed.texts]
    kept = extractive.choose(computed.results, lengths, request.max_length)
    summary = " ".join(parts[at] for at in kept)
    if not kept:
        (best,) = extractive.choose(computed.results, [1] * len(parts), 1)
        encoding = computed.texts[best].encoding
        ends = [
            end
            for (_, end), special in zip(
                encoding.offsets, encoding.special_tokens_mask, strict=True
            )
            if not special
        ]
        summary = parts[best][: ends[: request.max_length][-1]] if ends else ""
    return SummarizationResult(summary.strip(), computed.usage)


async def rerank(batches: TextBatches, request: RerankingRequest) -> TaskResult:
    """Reranking by a cross-encoder, which reads the query anew with every passage."""
    computed = await batches.compute_pairs(request.query, request.contexts)
    return RerankingResult(computed.results, computed.usage)


async def classify(batches: TextBatches, request: TextClassificationRequest) -> TaskResult:
    """The probabilities of the model's labels."""
    computed = await batches.compute((request.text,))
    return TextClassificationResult(computed.results[0], computed.usage)


async def tag(batches: TextBatches, request: TokenClassificationRequest) -> TaskResult:
    """The entities of the text."""
    computed = await batches.compute((request.text,))
    return TokenClassificationResult(computed.results[0], computed.usage)


async def answer(batches: TextBatches, request: QuestionAnsweringRequest) -> TaskResult:
    """The span of the context that answers the question, or none."""
    computed = await batches.compute_windows(request.question, request.context)
    score, start, end = answer_spans.choose(computed.results)
    return QuestionAnsweringResult(request.context[start:end], score, start, end, computed.usage)


ANSWERS: dict[str, dict[type, Answer]] = {
    TEXT_EMBEDDINGS: {
        TextEmbeddingsRequest: embed,
        RerankingRequest: compare,
        SummarizationRequest: extract,
    },
    RERANKING: {RerankingRequest: rerank},
    TEXT_CLASSIFICATION: {TextClassificationRequest: classify},
    QUESTION_ANSWERING: {QuestionAnsweringRequest: answer},
    TOKEN_CLASSIFICATION: {TokenClassificationRequest: tag},
}
"""By the engine's task, then by the request's; `tasks.ALSO_ANSWERS` says the same to profiles."""
