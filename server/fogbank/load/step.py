"""A while of load, and what came of it: so many clients at once, or so many arrivals a second."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from math import ceil

import httpx2

from fogbank.load.mix import SEED, Body
from fogbank.load.target import Sample, Target

LEAST = 2
"""Requests of each client, however short the time."""
PAUSE = 0.1
"""Seconds after an error until the same client asks again: a refusal at once would be a flood."""
TICK = 0.02
TOO_MANY = "too many open here"


@dataclass(slots=True)
class Step:
    """Clients that each ask again once they are answered; or, where `offered` requests a second
    came by themselves, as many clients as waited at once.

    Rates are of the time from `since` until `until`, seconds after the begin, in which the load was
    whole: of a request that began before or ended after it the part within it. `client_cpu` is the
    share of a core that asking took, `client_lag` by how many seconds, p95, this process was late.
    """

    clients: int
    since: float = 0.0
    until: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    offered: float | None = None
    client_cpu: float = 0.0
    client_lag: float = 0.0

    @property
    def seconds(self) -> float:
        """Of whole load."""
        return max(0.0, self.until - self.since)

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
        return self._rate(lambda _: 1)

    @property
    def output_tokens_per_second(self) -> float:
        """Answer tokens."""
        return self._rate(lambda sample: sample.completion_tokens)

    @property
    def tokens_per_second(self) -> float:
        """Of prompts and answers."""
        return self._rate(lambda sample: sample.prompt_tokens + sample.completion_tokens)

    @property
    def output_share(self) -> float:
        """Answer tokens of all tokens."""
        total = self.tokens_per_second
        return self.output_tokens_per_second / total if total else 0.0

    def _rate(self, amount: Callable[[Sample], int]) -> float:
        if not self.seconds:
            return 0.0
        parts = (amount(each) * each.within(self.since, self.until) for each in self.answered)
        return sum(parts) / self.seconds

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
    client: httpx2.AsyncClient,
    target: Target,
    bodies: Iterator[Body],
    clients: int,
    seconds: float,
    ramp: float = 0.0,
) -> Step:
    """So many seconds of whole load, and a while until the last requests are answered.

    The clients begin one after the other within `ramp` seconds, for together they would be a burst
    that no steady load is, and all the worst times would be its.
    """
    step = Step(clients, since=ramp)
    ends = []
    async with _watched(step) as now:

        async def one(number: int) -> None:
            await asyncio.sleep(ramp * number / clients)
            asked = 0
            while asked < LEAST or now() < ramp + seconds:
                began = now()
                sample = await target.ask(client, next(bodies))
                step.samples.append(replace(sample, began=began))
                asked += 1
                if sample.error:
                    await asyncio.sleep(PAUSE)
            ends.append(now())

        await asyncio.gather(*(one(number) for number in range(clients)))
    step.until = min(ends)
    return step


async def run_arrivals(
    client: httpx2.AsyncClient,
    target: Target,
    bodies: Iterator[Body],
    rate: float,
    seconds: float,
    most: int,
) -> Step:
    """Requests that come by themselves, `rate` a second in the mean, at times as strangers choose
    them (a Poisson process, the first one at once); the same each time. Times count from when a
    request should have been asked. More than `most` at once are not asked, and are errors.
    """
    step = Step(0, until=seconds, offered=rate)
    drawn = random.Random(SEED)
    waiting: set[asyncio.Task[None]] = set()
    async with _watched(step) as now:

        async def one(due: float) -> None:
            late = now() - due
            sample = await target.ask(client, next(bodies))
            if not sample.error:
                sample = replace(sample, first=sample.first + late, whole=sample.whole + late)
            step.samples.append(replace(sample, began=due))

        due = 0.0
        while due < seconds:
            await asyncio.sleep(max(0.0, due - now()))
            if len(waiting) < most:
                task = asyncio.create_task(one(due))
                waiting.add(task)
                task.add_done_callback(waiting.discard)
                step.clients = max(step.clients, len(waiting))
            else:
                step.samples.append(Sample(error=TOO_MANY))
            due += drawn.expovariate(rate)
        await asyncio.gather(*waiting)
    return step


@asynccontextmanager
async def _watched(step: Step) -> AsyncIterator[Callable[[], float]]:
    """Gives the seconds since now; notes what asking took of this thread's core, and how late the
    event loop was, for what it sees late it measures late.
    """
    began, cpu = time.perf_counter(), time.thread_time()
    late: list[float] = []

    def now() -> float:
        return time.perf_counter() - began

    async def tick() -> None:
        while True:
            due = now() + TICK
            await asyncio.sleep(TICK)
            late.append(now() - due)

    ticking = asyncio.create_task(tick())
    try:
        yield now
    finally:
        ticking.cancel()
    step.client_cpu = (time.thread_time() - cpu) / max(now(), 1e-9)
    step.client_lag = max(0.0, quantile(late, 0.95))
