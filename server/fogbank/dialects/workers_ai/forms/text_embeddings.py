"""Text embeddings: texts in, their vectors out (contract 4)."""

from typing import Any

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.errors import AIError
from fogbank.tasks import TextEmbeddingsRequest, TextEmbeddingsResult


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> TextEmbeddingsRequest:
    """One text or several. Raises AIError for none."""
    text = body["text"]
    texts = (text,) if isinstance(text, str) else tuple(text)
    if not texts:
        raise AIError(errors.INVALID_INPUT, detail="'text' is empty")
    return TextEmbeddingsRequest(texts, body.get("pooling", "mean"))


def render(
    card: Card, request: TextEmbeddingsRequest, outcome: TextEmbeddingsResult
) -> dict[str, Any]:
    """`data` has one row a text, for a single text too."""
    rows = outcome.vectors
    return {"shape": [len(rows), len(rows[0])], "data": rows, "pooling": request.pooling}
