"""Text classification: one text in, a score for every label out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TextClassificationRequest:
    """One text; what exceeds the model's window is cut off at its end."""

    text: str


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A label and its probability. A result is a list of these, one per label, summing to 1."""

    label: str
    score: float
