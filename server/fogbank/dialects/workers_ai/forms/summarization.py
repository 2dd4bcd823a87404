"""Summarization: `{input_text, max_length}` in, `{summary}` out (contract 4)."""

from typing import Any

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.errors import AIError
from fogbank.tasks import SummarizationRequest, SummarizationResult

MAX_LENGTH = 1024
"""Tokens of a summary where the body does not say."""


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> SummarizationRequest:
    """The text. Raises AIError for a `max_length` that leaves no summary."""
    max_length = int(body.get("max_length", MAX_LENGTH))
    if max_length < 1:
        raise AIError(errors.INVALID_INPUT, detail="'max_length' must be at least 1")
    return SummarizationRequest(body["input_text"], max_length)


def render(
    card: Card, request: SummarizationRequest, outcome: SummarizationResult
) -> dict[str, Any]:
    """The summary alone."""
    return {"summary": outcome.summary}
