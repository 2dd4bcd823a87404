"""Text embeddings: texts in, their vectors out; or passages scored against a query (contract 4).

Two of the three forms take `contexts` in place of `text`; their schema decides which a model has.
"""

from dataclasses import dataclass
from typing import Any

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms import reranking
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.errors import AIError
from fogbank.tasks import (
    RerankingRequest,
    RerankingResult,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
)


@dataclass(frozen=True, slots=True)
class ContextsRequest(TextEmbeddingsRequest):
    """Texts that came as `contexts`: their vectors go out as `response`."""


def parse(
    card: Card, body: Body, defaults: SamplingDefaults
) -> TextEmbeddingsRequest | RerankingRequest:
    """One text or several. Raises AIError for none."""
    pooling = body.get("pooling", card.pooling)
    truncate = body.get("truncate_inputs", card.truncates)
    if "contexts" in body:
        if "query" in body:
            return reranking.parse(card, body, defaults)
        return ContextsRequest(reranking.contexts(body), pooling, truncate)
    text = body["text"]
    texts = (text,) if isinstance(text, str) else tuple(text)
    if not texts:
        raise AIError(errors.INVALID_INPUT, detail="'text' is empty")
    return TextEmbeddingsRequest(texts, pooling, truncate)


def render(
    card: Card,
    request: TextEmbeddingsRequest | RerankingRequest,
    outcome: TextEmbeddingsResult | RerankingResult,
) -> dict[str, Any]:
    """The vectors have one row a text, for a single text too."""
    if isinstance(request, RerankingRequest):
        assert isinstance(outcome, RerankingResult)
        return reranking.render(card, request, outcome)
    assert isinstance(outcome, TextEmbeddingsResult)
    rows = outcome.vectors
    shape = [len(rows), len(rows[0])]
    if isinstance(request, ContextsRequest):
        return {"response": rows, "shape": shape, "pooling": request.pooling}
    return {"shape": shape, "data": rows, "pooling": request.pooling}
