"""Question answering: a question and a text in, the span of the text that answers it out."""

from dataclasses import dataclass

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class QuestionAnsweringRequest:
    """A long `context` is read in overlapping windows; engines bound how much of it they read."""

    question: str
    context: str


@dataclass(frozen=True, slots=True)
class QuestionAnsweringResult:
    """`answer` is the slice `context[start:end]` (code points), empty where there is no answer.

    `score` is the probability of that outcome: of this span, or of there being no answer.
    """

    answer: str
    score: float
    start: int
    end: int
    usage: Usage
