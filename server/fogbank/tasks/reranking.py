"""Reranking: a query and passages in, a score for every passage out."""

from dataclasses import dataclass

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class RerankingRequest:
    """What exceeds the model's window is cut off at the end of a passage."""

    query: str
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RerankingResult:
    """`scores[i]` belongs to `contexts[i]`: higher is better; a reranker's lie between 0 and 1."""

    scores: list[float]
    usage: Usage
