"""From numbers to a choice and to probabilities: three linear models, fitted by bench/esmap_qa."""

import math
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

BOUND = 40.0


class Logistic(BaseModel):
    """The logistic of a weighted sum; a number without a weight counts nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bias: float
    weights: dict[str, float]

    def probability(self, numbers: Mapping[str, float]) -> float:
        """Between 0 and 1."""
        x = self.bias + weighted(self.weights, numbers)
        return 1 / (1 + math.exp(-min(max(x, -BOUND), BOUND)))


class Decision(BaseModel):
    """`span` ranks spans; `correct` and `absent` are probabilities, of the best span and of none.

    The answer is "not in the context" where `absent` is `threshold` or more.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    span: dict[str, float]
    correct: Logistic
    absent: Logistic
    threshold: float = Field(gt=0, lt=1)


def weighted(weights: Mapping[str, float], numbers: Mapping[str, float]) -> float:
    """The weighted sum of the numbers that have a weight."""
    return math.fsum(weights.get(name, 0.0) * value for name, value in numbers.items())
