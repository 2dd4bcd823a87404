"""A stand-in for vLLM's AsyncLLM and the names around it, in the shapes of 0.26 and of 0.32."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from enum import Enum
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest

needs_outlines = pytest.mark.skipif(find_spec("outlines") is None, reason="needs an extra")


class EngineDeadError(Exception):
    """As vLLM's."""


class EngineGenerateError(Exception):
    """As vLLM's."""


class VLLMClientError(Exception):
    """As vLLM's from 0.32 on."""


class GracefulHTTPError(Exception):
    """As vLLM's from 0.32 on."""


class RetryableRequestError(Exception):
    """As vLLM's from 0.32 on."""


class OutputKind(Enum):
    DELTA = 1
    FINAL_ONLY = 2


class SamplingParams(SimpleNamespace):
    __struct_fields__ = ("max_tokens", "stream_interval")


class OldSamplingParams(SimpleNamespace):
    __struct_fields__ = ("max_tokens",)


def names(*, old: bool = False) -> SimpleNamespace:
    """What `VllmEngine` takes from vLLM; `old` is 0.26."""
    new = {
        "VLLMClientError": VLLMClientError,
        "GracefulHTTPError": GracefulHTTPError,
        "RetryableRequestError": RetryableRequestError,
    }
    return SimpleNamespace(
        exceptions=SimpleNamespace(**({} if old else new)),
        SamplingParams=OldSamplingParams if old else SamplingParams,
        StructuredOutputsParams=SimpleNamespace,
        RequestOutputKind=OutputKind,
        EngineDeadError=EngineDeadError,
        EngineGenerateError=EngineGenerateError,
    )


def output(
    text: str, tokens: int = 1, reason: str | None = None, cached: int | None = None
) -> SimpleNamespace:
    """One RequestOutput with a prompt of three tokens."""
    completion = SimpleNamespace(text=text, token_ids=[7] * tokens, finish_reason=reason)
    return SimpleNamespace(
        outputs=[completion], prompt_token_ids=[1, 2, 3], num_cached_tokens=cached
    )


@dataclass
class Llm:
    """Yields `outputs`, then raises `error`, then waits for `gate`."""

    outputs: list[SimpleNamespace] = field(default_factory=list)
    error: Exception | None = None
    errored: bool = False
    calls: list[tuple[Any, Any, str]] = field(default_factory=list)
    priorities: list[int] = field(default_factory=list)
    loras: list[Any] = field(default_factory=list)
    loaded: list[int] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    lora_error: Exception | None = None
    aborted: list[str] = field(default_factory=list)
    closed: int = 0
    shut_down: int = 0
    propagated: list[Exception] = field(default_factory=list)
    output_handler: Any = None

    def __post_init__(self) -> None:
        self.model_config = SimpleNamespace(max_model_len=100)
        self.gate: asyncio.Event | None = None
        self.output_processor = SimpleNamespace(
            request_states={}, stream_interval=1, propagate_error=self.propagated.append
        )

    async def generate(
        self,
        prompt: Any,
        params: Any,
        request_id: str,
        lora_request: Any = None,
        priority: int = 0,
    ) -> AsyncGenerator[SimpleNamespace]:
        self.priorities.append(priority)
        self.calls.append((prompt, params, request_id))
        self.loras.append(lora_request)
        try:
            for each in self.outputs:
                yield each
            if self.gate is not None:
                await self.gate.wait()
            if self.error is not None:
                raise self.error
        finally:
            self.closed += 1

    async def add_lora(self, lora_request: Any) -> bool:
        self.loaded.append(lora_request.lora_int_id)
        if self.lora_error is not None:
            raise self.lora_error
        return True

    async def remove_lora(self, lora_id: int) -> bool:
        self.removed.append(lora_id)
        return True

    async def abort(self, request_id: str) -> None:
        self.aborted.append(request_id)

    def shutdown(self, timeout: float | None = None) -> None:
        self.shut_down += 1
