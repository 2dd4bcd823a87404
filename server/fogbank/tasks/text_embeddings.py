"""Text embeddings: texts in, one L2-normalised vector each out (decisions.md 13)."""

from dataclasses import dataclass
from typing import Literal

Pooling = Literal["mean", "cls"]


@dataclass(frozen=True, slots=True)
class TextEmbeddingsRequest:
    """One or more texts; the result is a list of vectors in the same order.

    `pooling` "mean" averages the token vectors, "cls" takes the first token's.
    """

    texts: tuple[str, ...]
    pooling: Pooling = "mean"
