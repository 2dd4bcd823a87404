"""Text classification: `{text}` in, every label with its score out (contract 4)."""

from typing import Any

from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.tasks import TextClassificationRequest, TextClassificationResult


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> TextClassificationRequest:
    """The one text."""
    return TextClassificationRequest(body["text"])


def render(
    card: Card, request: TextClassificationRequest, outcome: TextClassificationResult
) -> list[dict[str, Any]]:
    """A bare array."""
    return [{"label": item.label, "score": item.score} for item in outcome.scores]
