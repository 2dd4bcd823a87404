"""Image classification: an image in, its likeliest labels out (contract 4)."""

from typing import Any

from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.dialects.workers_ai.forms.octets import octets
from fogbank.tasks import ImageClassificationRequest, ImageClassificationResult


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> ImageClassificationRequest:
    """The one image. Raises AIError for numbers that are no bytes."""
    return ImageClassificationRequest(octets(body["image"], "image"))


def render(
    card: Card, request: ImageClassificationRequest, outcome: ImageClassificationResult
) -> list[dict[str, Any]]:
    """A bare array, best first.

    Labels as the service writes them in its published example, "PERSIAN CAT": the first of a
    class's synonyms, in capitals.
    """
    return [
        {"label": item.label.split(",")[0].strip().upper(), "score": item.score}
        for item in outcome.scores
    ]
