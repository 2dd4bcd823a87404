"""Token classification, an extension: `{text}` in, its entities out (decisions.md 7)."""

from dataclasses import asdict
from typing import Any

from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.tasks import TokenClassificationRequest, TokenClassificationResult


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> TokenClassificationRequest:
    """The one text."""
    return TokenClassificationRequest(body["text"])


def render(
    card: Card, request: TokenClassificationRequest, outcome: TokenClassificationResult
) -> list[dict[str, Any]]:
    """A bare array; `start` and `end` count code points."""
    return [asdict(entity) for entity in outcome.entities]
