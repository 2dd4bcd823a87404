from typing import Any

import pytest

from fogbank.engines.transformers_sampling import Sampler
from fogbank.tasks import Sampling

pytestmark = pytest.mark.engine


def draws(sampling: Sampling, logits: list[float], prompt: list[int], count: int) -> list[int]:
    import torch

    sampler = Sampler(sampling, prompt, "cpu")
    return [sampler.draw(torch.tensor(logits)) for _ in range(count)]


@pytest.mark.parametrize(
    ("options", "possible"),
    [
        ({"temperature": 0.0}, {2}),
        ({"temperature": 1.0, "top_k": 1}, {2}),
        ({"temperature": 1.0, "top_k": 2}, {2, 3}),
        ({"temperature": 1.0, "top_p": 0.0}, {2}),
        ({"temperature": 1.0, "top_p": 0.6}, {2, 3}),
        ({"temperature": 1.0, "top_p": 1.0}, {0, 1, 2, 3}),
        ({"temperature": 1.0, "top_k": 99}, {0, 1, 2, 3}),
    ],
)
def test_what_can_be_drawn(options: dict[str, Any], possible: set[int]) -> None:
    # Probabilities 0.1, 0.12, 0.45, 0.33.
    logits = [-2.303, -2.12, -0.799, -1.109]
    assert set(draws(Sampling(seed=5, **options), logits, [], 300)) == possible


def test_repetition_counts_the_prompt() -> None:
    assert draws(Sampling(temperature=0.0, repetition_penalty=2.0), [1.0, 1.5], [1], 1) == [0]
    assert draws(Sampling(temperature=0.0, repetition_penalty=2.0), [-1.0, -0.9], [1], 1) == [0]


def test_presence_and_frequency_count_the_answer_alone() -> None:
    presence = Sampling(temperature=0.0, presence_penalty=1.0)
    assert draws(presence, [1.0, 1.5], [1], 3) == [1, 0, 1]
    frequency = Sampling(temperature=0.0, frequency_penalty=0.4)
    assert draws(frequency, [1.0, 1.5], [], 5) == [1, 1, 0, 1, 0]
