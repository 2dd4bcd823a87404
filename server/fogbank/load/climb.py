"""Rising load until something gives, and what that was."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fogbank.load.objective import Objective
from fogbank.load.step import Step

GAIN = 1.05
"""Less than this from twice the clients is no gain."""
NEAR = 1.25
"""The search between a load that holds and one that does not ends at this ratio."""

BUSY = 0.9
LATE = 0.1
"""Share of a core, or seconds, from which on times are as much the client's as the server's."""

RunStep = Callable[[int], Awaitable[Step]]


@dataclass(frozen=True, slots=True)
class Climb:
    """`best` is the highest load that kept the objective, None where not even one client did."""

    steps: tuple[Step, ...]
    best: Step | None
    limited_by: str


async def climb(run: RunStep, objective: Objective, most: int) -> Climb:
    """Doubles the clients from 1; stops by itself.

    At the objective's end it looks between the last load that held and the first that did not. It
    stops where twice the clients bring no more tokens, for then only waits get longer, and at
    `most` clients, and where the client itself has no more to give.
    """
    steps: list[Step] = []
    best: Step | None = None
    clients = 1
    while True:
        step = await run(clients)
        steps.append(step)
        if is_limit(step):
            best = best if objective.broken(step) else step
            return Climb(tuple(_ordered(steps)), best, limit_of_client(step))
        if broken := objective.broken(step):
            if best is not None:
                best, between = await _between(run, objective, best, clients)
                steps += between
            return Climb(tuple(_ordered(steps)), best, broken)
        if best is not None and step.tokens_per_second < GAIN * best.tokens_per_second:
            most_tokens = max((best, step), key=lambda each: each.tokens_per_second)
            told = f"no more tokens from {clients} clients than from {best.clients}: it is full"
            return Climb(tuple(_ordered(steps)), most_tokens, told)
        best = step
        if clients >= most:
            return Climb(tuple(_ordered(steps)), best, f"{most} clients were the most to try")
        clients = min(2 * clients, most)


def at_rate(step: Step, objective: Objective) -> Climb:
    """One load of requests that came by themselves."""
    broken = objective.broken(step)
    told = broken or f"{step.offered:g} requests a second were all that were asked"
    if is_limit(step):
        told = limit_of_client(step)
    return Climb((step,), None if broken else step, told)


def is_limit(step: Step) -> bool:
    """Whether this process, or its machine, and not the server may be what was measured."""
    return step.client_cpu > BUSY or step.client_lag > LATE


def limit_of_client(step: Step) -> str:
    """That it is, and what to do."""
    return (
        f"this client is the limit: with {step.clients} clients asking took {step.client_cpu:.0%}"
        f" of a core and was {1000 * step.client_lag:.0f} ms late (p95). The server may bear more:"
        " ask from another machine, or share the load among several 'fogbank bench'"
    )


async def _between(
    run: RunStep, objective: Objective, holds: Step, breaks: int
) -> tuple[Step, list[Step]]:
    steps = []
    while breaks > NEAR * holds.clients and breaks - holds.clients > 1:
        step = await run((holds.clients + breaks) // 2)
        steps.append(step)
        if objective.broken(step):
            breaks = step.clients
        else:
            holds = step
    return holds, steps


def _ordered(steps: list[Step]) -> list[Step]:
    return sorted(steps, key=lambda step: step.clients)
