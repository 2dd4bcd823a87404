"""One model's work: within its deadline, again where the runtime is busy for a moment."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from fogbank import errors
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.model import InvalidInput, Loaded
from fogbank.errors import AIError

TIMEOUT = "Inference timeout"
FAILED = "Inference failed"
"""What a client is told of an error that nobody foresaw; the log and the history know more."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 0.4

log = structlog.get_logger("fogbank.esmap")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The inner result, or None and why: `told` to the client, `reason` for those who operate.

    `milliseconds` is from the start of the work to its end.
    """

    inner: dict[str, Any] | None
    milliseconds: float
    told: str = ""
    reason: str | None = None

    @property
    def timed_out(self) -> bool:
        """Whether the deadline was met first."""
        return self.told == TIMEOUT


async def work(loaded: Loaded, input: Any, options: Mapping[str, Any], call: Call) -> Outcome:
    """What the model makes of the input. Raises InvalidInput, and nothing else of the model's."""
    began = time.perf_counter()
    busy = ""
    try:
        async with asyncio.timeout(loaded.card.deadline):
            for pause in _pauses():
                try:
                    inner = await loaded.model.infer(input, options, call)
                    orjson.dumps(inner)  # what is no JSON is the model's error
                    return Outcome(inner, _since(began))
                except AIError as error:
                    if error.kind is not errors.CAPACITY:
                        raise
                    busy = f"; busy: {error}"
                    await asyncio.sleep(pause)
    except InvalidInput:
        raise
    except Exception as error:
        told, reason = _words(error)
        reason += busy
        unforeseen = told == FAILED
        log.warning(
            "inference failed",
            model=loaded.card.id,
            version=loaded.version,
            id=call.request_id,
            reason=reason,
            exc_info=unforeseen,
        )
        return Outcome(None, _since(began), told, reason)
    raise AssertionError("the pauses are endless")


def _words(error: Exception) -> tuple[str, str]:
    """For the client, and the true reason."""
    if isinstance(error, TimeoutError) or (
        isinstance(error, AIError) and error.kind is errors.TIMEOUT
    ):
        return TIMEOUT, f"{TIMEOUT}: {error}".rstrip(": ")
    if isinstance(error, AIError):
        return error.description, str(error)
    return FAILED, f"{type(error).__name__}: {error}"


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, LONGEST_PAUSE)


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
