"""Answers that are made again because they were not what they had to be."""

from dataclasses import replace

from fogbank.tasks import Sampling

FULL = 5
"""How often an answer is made that is then refused, since engines do not follow all of a schema."""

ATTEMPTS = 12
"""How often where the answers are short: until all together have max_tokens."""

WARMER = 0.5
"""Added to the temperature by each further attempt: the same words would be refused again."""

HOTTEST = 1.5
"""Beyond it models write noise, which is often too long."""


def warmed(sampling: Sampling, attempt: int) -> Sampling:
    """For attempt 0, 1 ...: a text that ends an answer (`stop`) would only cut it in half."""
    sampling = replace(sampling, stop=())
    if not attempt:
        return sampling
    warmer = sampling.temperature + WARMER * attempt
    return replace(
        sampling,
        temperature=max(sampling.temperature, min(warmer, HOTTEST)),
        seed=None if sampling.seed is None else sampling.seed + attempt,
    )
