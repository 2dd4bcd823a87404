"""Rising load until something gives, and what that was."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fogbank.load.objective import Objective
from fogbank.load.step import Step

GAIN = 1.05
"""Less than this from twice the clients is no gain."""
NEAR = 1.25
"""The search between a load that holds and one that does not ends at this ratio."""

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
    `most` clients.
    """
    steps: list[Step] = []
    best: Step | None = None
    clients = 1
    while True:
        step = await run(clients)
        steps.append(step)
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
