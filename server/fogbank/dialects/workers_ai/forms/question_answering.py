"""Question answering, an extension: `{question, context}` in, a span of the context out."""

from typing import Any

from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.tasks import QuestionAnsweringRequest, QuestionAnsweringResult


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> QuestionAnsweringRequest:
    """The question and the text that may answer it."""
    return QuestionAnsweringRequest(body["question"], body["context"])


def render(
    card: Card, request: QuestionAnsweringRequest, outcome: QuestionAnsweringResult
) -> dict[str, Any]:
    """`start` and `end` count code points; both are 0 where `answer` is empty: there is none."""
    return {
        "answer": outcome.answer,
        "score": outcome.score,
        "start": outcome.start,
        "end": outcome.end,
    }
