"""Text generation: a prompt or a conversation in, text out."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import NotRequired, TypedDict

from fogbank.tasks.structured_output import Constraint, Evidence, OutputFormat
from fogbank.tasks.tools import Tool, ToolCall, ToolChoice
from fogbank.tasks.usage import Usage


class Message(TypedDict):
    """One turn of a conversation, as a chat template reads it."""

    role: str
    content: str
    name: NotRequired[str]
    tool_calls: NotRequired[list[ToolCall]]
    tool_call_id: NotRequired[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How the next token is drawn. Defaults: contract section 3.1; None means the engine's own.

    `logprobs` asks for log-probabilities, with so many of the likeliest tokens at each place.
    """

    max_tokens: int = 256
    temperature: float = 0.6
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    repetition_penalty: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    stop: tuple[str, ...] = ()
    min_p: float | None = None
    logprobs: int | None = None


@dataclass(frozen=True, slots=True)
class Lora:
    """A LoRA adapter over the engine's weights: `folder` holds it in PEFT's format.

    `number` is 1 or more and never used for another adapter.
    """

    name: str
    number: int
    folder: Path


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of the answer, its log-probability, and the likeliest tokens in its place."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TextGenerationRequest:
    """Exactly one of `prompt` and `messages` is set.

    `prompt` goes through the chat template as one user turn unless `raw`.
    `prompt_token_ids` is filled by the runtime from `Engine.encode`, so that a prompt is tokenised
    once; an engine whose `encode` returned None gets None here and reads the text itself.
    `low_priority` gives way to other requests.
    `output_format` is what a client asks for. From it the runtime makes `constraint`, which is all
    that engines look at, and `prefix`: text that the answer begins with and that is not repeated.
    """

    prompt: str | None = None
    messages: tuple[Message, ...] | None = None
    raw: bool = False
    sampling: Sampling = field(default_factory=Sampling)
    output_format: OutputFormat | None = None
    constraint: Constraint | None = None
    prefix: str = ""
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    lora: Lora | None = None
    low_priority: bool = False
    prompt_token_ids: list[int] | None = None


@dataclass(slots=True)
class TextChunk:
    """New text since the chunk before it. Token counts are totals so far.

    `finish_reason` is None until the last chunk: "stop" (the model ended), "length" (max_tokens) or
    "tool_calls". `tool_calls` are whole calls, in a chunk without text. The last chunk of a
    structured output has its `evidence`.
    """

    text: str
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    finish_reason: str | None = None
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class TextGenerationResult:
    """The whole text. `finish_reason` and `evidence` as in TextChunk."""

    text: str
    usage: Usage
    finish_reason: str
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    evidence: Evidence | None = None
