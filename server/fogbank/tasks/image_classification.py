"""Image classification: an image in, its likeliest labels out."""

from dataclasses import dataclass

from fogbank.tasks.text_classification import LabelScore
from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class ImageClassificationRequest:
    """`image` is a whole image file."""

    image: bytes


@dataclass(frozen=True, slots=True)
class ImageClassificationResult:
    """The likeliest labels, best first."""

    scores: list[LabelScore]
    usage: Usage
