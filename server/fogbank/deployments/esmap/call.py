"""One inference: whose it is, how long it may work, and what it used."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

from fogbank import errors
from fogbank.errors import AIError
from fogbank.runtime.context import Context, new_request_id
from fogbank.runtime.runtime import Answer, Runtime
from fogbank.tasks import TaskRequest

P = ParamSpec("P")
T = TypeVar("T")

COMPUTING = ThreadPoolExecutor(4, thread_name_prefix="fogbank-esmap")
"""Where models compute that need no engine; their libraries let go of the interpreter."""


@dataclass(slots=True, kw_only=True)
class Call:
    """`deadline` is in seconds from the start of the work; `tokens` is what engines counted.

    `served_by` are the stand-ins that answered, by the name of the model that was asked for.
    """

    runtime: Runtime
    deadline: float
    key: str | None = None
    request_id: str = field(default_factory=new_request_id)
    low_priority: bool = False
    tokens: int = 0
    neurons: float = 0.0
    served_by: dict[str, str] = field(default_factory=dict)

    def serves(self, model: str) -> bool:
        """Whether this profile serves the runtime's model of that name."""
        card = self.runtime.catalog.resolve(model)
        return card is not None and card.name in self.runtime.served

    async def run(self, model: str, request: TaskRequest) -> Answer:
        """What a model of the runtime answers. Raises AIError."""
        card = self.runtime.catalog.resolve(model)
        if card is None:
            raise AIError(errors.NO_SUCH_MODEL, model=model[:200])
        context = Context(
            deadline=self.deadline,
            request_id=self.request_id,
            key=self.key,
            dialect="esmap",
            low_priority=self.low_priority,
        )
        answer = await self.runtime.run(card, request, context)
        usage = answer.result.usage
        self.tokens += usage.prompt_tokens + usage.completion_tokens
        self.neurons += answer.neurons or 0.0
        if answer.served_by:
            self.served_by[card.name] = answer.served_by
        return answer

    async def compute(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `work` returns, computed in a thread: it cannot be interrupted, so it is bounded."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(COMPUTING, partial(work, *args, **kwargs))
