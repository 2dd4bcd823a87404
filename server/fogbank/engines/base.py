"""The protocol every engine speaks, and the errors it may raise.

EngineError
├── EngineRefused      the input is not acceptable to this engine; nothing was computed
│   └── EngineTooLong  it does not fit the context window; told by its length alone
├── EngineOverloaded   a bounded queue of the engine is full; nothing was computed
├── EngineUnavailable  the engine is not there (not started, stopped, or cannot be reached)
│   └── EngineMisconfigured  nor will it be before somebody mends its options
└── EngineDead         the engine died; every request in flight on it gets this
"""

from collections.abc import AsyncGenerator, Mapping
from enum import StrEnum
from typing import Protocol

from fogbank.tasks import TaskRequest, TaskResult, TextChunk, TextGenerationRequest


class EngineError(Exception):
    """Anything an engine raises on purpose."""


class EngineRefused(EngineError):
    """The engine does not accept this input; the text says why."""


class EngineTooLong(EngineRefused):
    """The prompt cannot fit, which its number of characters shows; `tokens` is an estimate."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens
        super().__init__(f"the prompt has about {tokens} tokens")


class EngineOverloaded(EngineError):
    """The engine's own queue is full."""


class EngineUnavailable(EngineError):
    """No engine process or server to talk to."""


class EngineMisconfigured(EngineUnavailable):
    """The options are wrong; starting again with the same ones cannot help."""


class EngineDead(EngineError):
    """The engine process died; the request's fate is unknown and it was not completed."""


class Health(StrEnum):
    """What an engine says of itself."""

    STOPPED = "stopped"
    READY = "ready"
    DEAD = "dead"


class Engine(Protocol):
    """One set of weights, loaded. Methods are called on the event loop and never block it.

    Cancelling the task that awaits `run`, or closing the iterator of `stream`, frees the engine's
    slot at once: the engine aborts the request.
    """

    async def start(self) -> None:
        """Loads the weights; returns when requests can be served. Raises EngineError or OSError."""

    async def stop(self) -> None:
        """Ends the engine and every process of its own. Safe to call twice or before start."""

    def health(self) -> Health:
        """The state now, without waiting; DEAD within half a second of the death of a process."""

    @property
    def context_window(self) -> int:
        """Tokens of prompt and completion together, at most; 0 when the engine sets no limit."""

    @property
    def running(self) -> int:
        """Requests that the engine itself counts as running or waiting now."""

    @property
    def takes_lora(self) -> bool:
        """Whether text generation may come with a LoRA adapter."""

    @property
    def continues(self) -> bool:
        """Whether text generation may come with a `prefix` that the answer goes on from."""

    def gauges(self) -> Mapping[str, float]:
        """Further numbers of the engine for `/metrics`: what it has, such as `kv_cache_usage`."""

    async def encode(self, request: TextGenerationRequest) -> list[int] | None:
        """The prompt's token ids, chat template applied; None where the engine has no tokenizer.

        Raises EngineRefused for a conversation that the template does not take.
        """

    async def run(self, request: TaskRequest) -> TaskResult:
        """The whole answer, a result of the request's own task.

        Raises EngineRefused for a request of a task that the engine is not loaded for.
        """

    def stream(self, request: TextGenerationRequest) -> AsyncGenerator[TextChunk]:
        """The answer in pieces; the last has a finish_reason. Use `contextlib.aclosing` on it."""
