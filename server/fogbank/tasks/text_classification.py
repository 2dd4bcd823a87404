"""Text classification: one text in, a score for every label out."""

from dataclasses import dataclass

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class TextClassificationRequest:
    """One text; what exceeds the model's window is cut off at its end."""

    text: str


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A label and its probability."""

    label: str
    score: float


@dataclass(frozen=True, slots=True)
class TextClassificationResult:
    """One score per label of the model, summing to 1."""

    scores: list[LabelScore]
    usage: Usage
