"""Asking the fake engine for an answer in a given form, as the runtime does it."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from fogbank.engines.base import EngineRefused
from fogbank.engines.fake import FakeEngine
from fogbank.runtime.structured_use import StructuredUse, prepared
from fogbank.structured.library import Library
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.tasks import (
    Constraint,
    JsonFormat,
    OutputFormat,
    Sampling,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
)

LIBRARY = Library()
BACKEND = "llguidance"
REQUEST = TextGenerationRequest(prompt="hi", sampling=Sampling(seed=7))
Answer = Callable[[TextGenerationRequest], str]

CITY = {
    "type": "object",
    "properties": {
        "city": {"type": "string"},
        "people": {"type": "integer"},
        "note": {"type": "string"},
    },
    "required": ["city", "people"],
}
RIGHT = '{"city":"Lisbon","people":5}'
WRONG = '{"city":"Lisbon","people":"many"}'
STORY = '{"people":5,"city":"' + "so it goes on and on " * 20
"""Of which max_tokens is the end."""


@dataclass
class Asked:
    """A format made ready, and a fake engine that gives `answers` one after another."""

    use: StructuredUse
    engine: FakeEngine

    async def run(self, request: TextGenerationRequest = REQUEST) -> TextGenerationResult:
        return await self.use.run(self.engine, request)

    async def stream(self, request: TextGenerationRequest = REQUEST) -> list[TextChunk]:
        async with aclosing(self.use.stream(self.engine, request)) as chunks:
            return [replace(chunk) async for chunk in chunks]

    @property
    def requests(self) -> list[TextGenerationRequest]:
        return [each for each in self.engine.requests if isinstance(each, TextGenerationRequest)]

    @property
    def constraints(self) -> list[Constraint]:
        return [each.constraint for each in self.requests if each.constraint is not None]


async def ask(
    asked: OutputFormat | dict[str, Any],
    *answers: str | Answer,
    backend: str = BACKEND,
    bounds: Bounds = NO_BOUNDS,
    kind: type[FakeEngine] = FakeEngine,
) -> Asked:
    """A dict is the schema of a JsonFormat. The last answer is given from then on."""
    held = JsonFormat(asked) if isinstance(asked, dict) else asked
    left = list(answers)

    def answer(request: TextGenerationRequest) -> str:
        next_ = left.pop(0) if len(left) > 1 else left[0]
        return next_ if isinstance(next_, str) else next_(request)

    engine = kind("fake", answer=answer)
    await engine.start()
    return Asked(await prepared(held, LIBRARY, backend, bounds), engine)


def within(max_tokens: int, **more: Any) -> TextGenerationRequest:
    return replace(REQUEST, sampling=Sampling(max_tokens=max_tokens, **more))


def refused(request: TextGenerationRequest) -> str:
    raise EngineRefused("it knows no such grammar")
