"""One stage's asking: tries on the fast model, then the accurate one, within the stage's time."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TypeVar

import orjson
import structlog

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.deployments.energygenius.asking import Ask
from fogbank.deployments.energygenius.timing import Timing
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.runtime.runtime import Answer
from fogbank.tasks import (
    JsonFormat,
    Sampling,
    TaskRequest,
    TextGenerationRequest,
    TextGenerationResult,
)

T = TypeVar("T")

WARMER = 0.4
"""Temperature of a second try: at 0 the same words would come again."""

GRACE = 0.05
"""Seconds after a try's own deadline, which the runtime keeps from admission on: it counts waiting
anew then, this does not."""

PASSING = frozenset(
    {errors.CAPACITY, errors.TIMEOUT, errors.ABORTED, errors.UPSTREAM, errors.JSON_MODE_FAILED}
)
"""Errors that may not happen again. After others the same model is not asked twice."""

log = structlog.get_logger("fogbank.energygenius")


@dataclass(frozen=True, slots=True)
class Models:
    """`fast` is asked `tries` times, then `accurate`, where there is one, once."""

    fast: str
    accurate: str | None = None
    tries: int = 2

    def order(self) -> list[str]:
        """One name a try."""
        last = [self.accurate] if self.accurate else []
        return [self.fast] * self.tries + last


class Runner(Protocol):
    """Who answers: the runtime, or another cloud in its place."""

    @property
    def catalog(self) -> Catalog:
        """Where models are found by their names."""

    async def run(self, card: Card, request: TaskRequest, context: Context) -> Answer:
        """The whole answer. Raises AIError."""


class StageFailed(Exception):
    """No model gave an answer. The message says what each said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquirer:
    """Asks models on behalf of one request. `seconds` is what a stage may take."""

    runtime: Runner
    models: Models
    seconds: float
    request_id: str
    key: str | None = None

    async def ask(self, timing: Timing, build: Callable[[], Ask[T]]) -> T:
        """The stage's outcome; `timing` is filled in. Raises StageFailed.

        A try takes no more than half of the time that is left, the last one all of it, so that a
        model that hangs leaves time for the next.
        """
        with _clocked(timing, "total_ms"):
            with _clocked(timing, "prompt_build_ms"):
                asked = build()
            return await self._tried(timing, asked)

    async def _tried(self, timing: Timing, asked: Ask[T]) -> T:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.seconds
        told: list[str] = []
        tries = self.models.order()
        while tries:
            model = tries.pop(0)
            left = end - loop.time()
            if left <= 0:
                break
            again = timing.model == model
            timing.model, timing.asked = model, timing.asked + 1
            try:
                return await self._once(timing, asked, left / 2 if tries else left, again=again)
            except TimeoutError:
                told.append(f"{model}: no answer in time")
            except AIError as error:
                told.append(f"{model}: {error.title or 'AiError'}: {error.description}")
                timing.json_tries += error.kind == errors.JSON_MODE_FAILED
                if error.kind not in PASSING:
                    tries = [each for each in tries if each != model]
            log.warning("stage try failed", stage=timing.stage, id=self.request_id, error=told[-1])
        raise StageFailed("; ".join(dict.fromkeys(told)) or "no time was left")

    async def _once(self, timing: Timing, asked: Ask[T], seconds: float, *, again: bool) -> T:
        card = self.runtime.catalog.resolve(timing.model or "")
        if card is None:
            raise AIError(errors.NO_SUCH_MODEL, model=timing.model)
        request = TextGenerationRequest(
            messages=asked.messages,
            sampling=Sampling(max_tokens=asked.max_tokens, temperature=WARMER if again else 0.0),
            output_format=JsonFormat(asked.schema),
        )
        context = Context(
            deadline=seconds,
            request_id=self.request_id,
            key=self.key,
            dialect="energygenius",
        )
        with _clocked(timing, "inference_ms"):
            async with asyncio.timeout(seconds + GRACE):
                answer = await self.runtime.run(card, request, context)
        result = answer.result
        assert isinstance(result, TextGenerationResult)
        timing.served_by = answer.served_by
        timing.prompt_tokens += result.usage.prompt_tokens
        timing.completion_tokens += result.usage.completion_tokens
        timing.json_tries += result.evidence.tries if result.evidence else 1
        timing.spend(answer.neurons)
        with _clocked(timing, "parse_ms"):
            outcome = asked.read(orjson.loads(result.text))
        timing.answered += 1
        return outcome


@contextmanager
def _clocked(timing: Timing, name: str) -> Iterator[None]:
    began = time.perf_counter()
    try:
        yield
    finally:
        took = (time.perf_counter() - began) * 1000
        setattr(timing, name, getattr(timing, name) + took)
