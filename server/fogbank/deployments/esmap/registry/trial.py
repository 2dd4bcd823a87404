"""One inference of a version that need not be the active one: nothing of it is kept."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.model import Loaded
from fogbank.runtime.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Trial:
    """`result` is the inner one, None where `error` says why there is none.

    `milliseconds` is the model's own time; `tokens` and `neurons` are what engines counted.
    """

    result: dict[str, Any] | None
    error: str | None
    milliseconds: float
    tokens: int
    neurons: float


async def attempt(
    loaded: Loaded, input: dict[str, Any], runtime: Runtime, *, low_priority: bool = False
) -> Trial:
    """Runs one input, under the deadline of the card."""
    deadline = loaded.card.deadline
    call = Call(runtime=runtime, deadline=deadline, low_priority=low_priority)
    result, told = None, None
    began = time.perf_counter()
    try:
        loaded.model.check(input, {})
        async with asyncio.timeout(deadline):
            result = await loaded.model.infer(input, {}, call)
    except TimeoutError:
        told = f"no answer within {deadline:g} s"
    except Exception as error:  # a fallback, had a client asked
        told = f"{type(error).__name__}: {error}"[:500]
    took = (time.perf_counter() - began) * 1000
    return Trial(result, told, took, call.tokens, call.neurons)
