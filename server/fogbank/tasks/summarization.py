"""Summarization: a text in, a shorter one out."""

from dataclasses import dataclass

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class SummarizationRequest:
    """`max_length` is in tokens of the summary."""

    text: str
    max_length: int = 1024


@dataclass(frozen=True, slots=True)
class SummarizationResult:
    """The summary."""

    summary: str
    usage: Usage
