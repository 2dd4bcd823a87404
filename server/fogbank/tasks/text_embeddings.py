"""Text embeddings: texts in, one L2-normalised vector each out (decisions.md 13)."""

from dataclasses import dataclass
from typing import Literal

from fogbank.tasks.usage import Usage

Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True)
class TextEmbeddingsRequest:
    """One or more texts.

    `pooling` "mean" averages the token vectors, "cls" takes the first token's. A text longer than
    the model's window is cut off at its end, or refused where `truncate` is False.
    """

    texts: tuple[str, ...]
    pooling: Pooling = "mean"
    truncate: bool = True


@dataclass(frozen=True, slots=True)
class TextEmbeddingsResult:
    """(texts, dimensions), in the order of the texts."""

    vectors: list[list[float]]
    usage: Usage
