"""Reranking: a query and passages in, a score for every passage out."""

from dataclasses import dataclass

from fogbank.tasks.text_embeddings import Pooling
from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class RerankingRequest:
    """`top_k` is how many of the best are wanted, None for all; an engine scores every passage.

    What exceeds the model's window is cut off at the end of a passage, or refused where `truncate`
    is False. `pooling` is for an engine that compares embeddings.
    """

    query: str
    contexts: tuple[str, ...]
    top_k: int | None = None
    pooling: Pooling = "mean"
    truncate: bool = True


@dataclass(frozen=True, slots=True)
class RerankingResult:
    """`scores[i]` belongs to `contexts[i]`; higher is better.

    A reranker's lie between 0 and 1, cosines of embeddings between -1 and 1.
    """

    scores: list[float]
    usage: Usage
