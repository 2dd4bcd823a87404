"""A while of load at one concurrency, and what came of it."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil

import httpx2

from fogbank.load.mix import Body
from fogbank.load.target import Sample, Target

LEAST = 2
"""Requests of each client, however short the time."""


@dataclass(slots=True)
class Step:
    """Closed-loop clients: each asks again once it is answered. `seconds` is the whole time."""

    clients: int
    seconds: float = 0.0
    samples: list[Sample] = field(default_factory=list)

    @property
    def answered(self) -> list[Sample]:
        """Those that came to their end."""
        return [sample for sample in self.samples if not sample.error]

    @property
    def errors(self) -> dict[str, int]:
        """How many, by what went wrong."""
        return dict(Counter(sample.error for sample in self.samples if sample.error))

    @property
    def requests_per_second(self) -> float:
        """Of those that were answered."""
        return len(self.answered) / self.seconds if self.seconds else 0.0

    @property
    def output_tokens_per_second(self) -> float:
        """Answer tokens."""
        tokens = sum(sample.completion_tokens for sample in self.answered)
        return tokens / self.seconds if self.seconds else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Of prompts and answers."""
        tokens = sum(sample.prompt_tokens for sample in self.answered)
        return self.output_tokens_per_second + (tokens / self.seconds if self.seconds else 0.0)

    @property
    def output_share(self) -> float:
        """Answer tokens of all tokens."""
        total = self.tokens_per_second
        return self.output_tokens_per_second / total if total else 0.0

    def value(self, name: str) -> float:
        """By the name of an objective: `ttft_p95`, `tpot_p50`, `e2e_p99` in seconds, `errors`."""
        if name == "errors":
            return 1 - len(self.answered) / len(self.samples) if self.samples else 0.0
        what, _, at = name.partition("_p")
        times = {
            "ttft": [sample.first for sample in self.answered],
            "tpot": [each for sample in self.answered if (each := sample.per_token) is not None],
            "e2e": [sample.whole for sample in self.answered],
        }[what]
        return quantile(times, int(at) / 100)


def quantile(values: list[float], share: float) -> float:
    """The smallest value that so many are not above; 0 of nothing."""
    if not values:
        return 0.0
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


async def run_step(
    client: httpx2.AsyncClient, target: Target, bodies: Iterator[Body], clients: int, seconds: float
) -> Step:
    """Begins requests for so many seconds, and waits for the last ones."""
    step = Step(clients)
    began = time.perf_counter()

    async def one() -> None:
        asked = 0
        while asked < LEAST or time.perf_counter() - began < seconds:
            step.samples.append(await target.ask(client, next(bodies)))
            asked += 1

    await asyncio.gather(*(one() for _ in range(clients)))
    step.seconds = time.perf_counter() - began
    return step
