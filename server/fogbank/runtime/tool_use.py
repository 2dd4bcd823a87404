"""Function calling: whatever the model and the engine, a call that comes out parses and validates.

    none             the tools are not shown
    required, named  the answer is held to the form of a call; it is one, or the request fails
    auto             the engine finds the calls in a free answer; one whose arguments are wrong is
                     made again, held to its tool's schema

What cannot be made a right call in a free answer stays text. Where `response_format` is asked for
beside tools, it holds in a free answer: engines look for no call in it, and what a remote server
calls all the same is verified like any other.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace

import orjson

from fogbank import errors
from fogbank.engines.base import Engine, EngineRefused
from fogbank.errors import AIError
from fogbank.structured.tool_calls import Toolbox, ToolError
from fogbank.structured.tool_constraint import Bounds
from fogbank.structured.tool_schema import quoted
from fogbank.tasks import (
    NamedTool,
    Sampling,
    TaskRequest,
    TaskResult,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    Tool,
    ToolCall,
    Usage,
)

ATTEMPTS = 3
"""How often a call is made that its schema then refuses, since engines do not follow all of it."""

WARMER = 0.5
"""Added to the temperature by each further attempt: the same words would be refused again."""

HOTTEST = 2.0
"""Beyond it some servers refuse."""

ON_THE_LOOP = 8_000
"""Bytes of schemas without patterns up to which they are compiled on the event loop (about a
millisecond); 250 patterns in as many bytes take most of a second."""


async def plan(
    request: TaskRequest, bounds: Bounds | None = None
) -> tuple[TaskRequest, "ToolUse | None"]:
    """The request as engines see it, and how its calls are made if it may have any.

    Raises AIError for tools that cannot be used.
    """
    if not isinstance(request, TextGenerationRequest) or not request.tools:
        return request, None
    choice = request.tool_choice
    if choice == "none":
        return replace(request, tools=()), None
    toolbox = await _toolbox(request.tools)
    if choice == "auto":
        return request, ToolUse(toolbox, bounds)
    name = None
    if isinstance(choice, NamedTool):
        name = choice.name
        if name not in toolbox:
            detail = f"'tool_choice' names {quoted(name)}, which is not among the tools"
            raise AIError(errors.INVALID_INPUT, detail=detail)
        request = replace(request, tools=tuple(t for t in request.tools if t.name == name))
    return request, ToolUse(toolbox, bounds, forced=True, name=name)


async def _toolbox(tools: tuple[Tool, ...]) -> Toolbox:
    try:
        schemas = [orjson.dumps(tool.parameters) for tool in tools]
        patterns = any(b'"pattern' in schema for schema in schemas)
        if not patterns and sum(map(len, schemas)) <= ON_THE_LOOP:
            return Toolbox(tools)
        return await asyncio.to_thread(Toolbox, tools)
    except (ToolError, TypeError) as error:
        raise AIError(errors.INVALID_INPUT, detail=str(error)) from error


@dataclass(frozen=True, slots=True)
class _Made:
    """What came of making a call: the call, or why there is none; and what was spent on it."""

    call: ToolCall | None
    usage: Usage
    detail: str = ""


@dataclass(slots=True)
class _Settled:
    """What the calls of a free answer came to."""

    text: str = ""
    calls: list[ToolCall] = field(default_factory=list)
    completion_tokens: int = 0


class ToolUse:
    """Runs one request that may call its tools. With `forced` it must, and `name` if given."""

    def __init__(
        self,
        toolbox: Toolbox,
        bounds: Bounds | None = None,
        *,
        forced: bool = False,
        name: str | None = None,
    ) -> None:
        self._toolbox = toolbox
        self._bounds = bounds or Bounds()
        self._forced = forced
        self._name = name

    async def run(self, engine: Engine, request: TaskRequest) -> TaskResult:
        """The whole answer. Raises AIError where a forced call does not come about."""
        assert isinstance(request, TextGenerationRequest)
        if self._forced:
            call, usage = await self._must(engine, request)
            return TextGenerationResult("", usage, "tool_calls", tool_calls=(call,))
        result = await engine.run(request)
        assert isinstance(result, TextGenerationResult)
        if not result.tool_calls:
            return result
        settled = await self._settle(engine, request, result.tool_calls)
        tokens = result.usage.completion_tokens + settled.completion_tokens
        return replace(
            result,
            text=result.text.rstrip() + settled.text,
            usage=replace(result.usage, completion_tokens=tokens),
            finish_reason=_reason(result.finish_reason, called=bool(settled.calls)),
            tool_calls=tuple(settled.calls),
        )

    async def stream(
        self, engine: Engine, request: TextGenerationRequest
    ) -> AsyncGenerator[TextChunk]:
        """Text as it comes; calls whole, before the last chunk."""
        if self._forced:
            call, usage = await self._must(engine, request)
            totals = (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)
            yield TextChunk("", *totals, tool_calls=(call,))
            yield TextChunk("", *totals, finish_reason="tool_calls")
            return
        called, further = False, 0
        async with aclosing(engine.stream(request)) as chunks:
            async for chunk in chunks:
                if chunk.tool_calls:
                    settled = await self._settle(engine, request, chunk.tool_calls)
                    chunk.text, chunk.tool_calls = settled.text, tuple(settled.calls)
                    further += settled.completion_tokens
                    called = called or bool(settled.calls)
                    if settled.text and settled.calls:
                        yield replace(chunk, tool_calls=(), finish_reason=None)
                        chunk.text = ""
                chunk.completion_tokens += further
                if chunk.finish_reason is not None:
                    chunk.finish_reason = _reason(chunk.finish_reason, called=called)
                yield chunk

    async def _settle(
        self, engine: Engine, request: TextGenerationRequest, calls: Iterable[ToolCall]
    ) -> _Settled:
        """Right calls are kept, wrong ones made again, and what is no call becomes text.

        Once for each tool: from the same prompt, a second one would be the same call again.
        """
        settled, again = _Settled(), set[str]()
        for call in calls:
            right = call if self._toolbox.problem(call) is None else None
            if right is None and call.name in self._toolbox and call.name not in again:
                again.add(call.name)
                with suppress(EngineRefused):
                    made = await self._make(engine, request, call.name)
                    right = made.call
                    settled.completion_tokens += made.usage.completion_tokens
            if right is None:
                settled.text += _as_text(call)
            else:
                settled.calls.append(right)
        return settled

    async def _must(self, engine: Engine, request: TextGenerationRequest) -> tuple[ToolCall, Usage]:
        """A forced call. Raises AIError where it does not come about."""
        made = await self._make(engine, request, self._name)
        if made.call is None:
            raise AIError(errors.TOOL_CALL_FAILED, detail=made.detail)
        return made.call, made.usage

    async def _make(
        self, engine: Engine, request: TextGenerationRequest, name: str | None
    ) -> _Made:
        """A call held to the schema of this tool, or of any. The prompt is counted once."""
        asked = replace(
            request,
            json_format=self._toolbox.forced(name, self._bounds),
            tool_choice="required" if name is None else NamedTool(name),
        )
        usage, tokens = Usage(), 0
        detail = "what the model wrote does not fit the parameters of its tool"
        for attempt in range(ATTEMPTS):
            sampling = _warmed(request.sampling, attempt)
            result = await engine.run(replace(asked, sampling=sampling))
            assert isinstance(result, TextGenerationResult)
            tokens += result.usage.completion_tokens
            usage = replace(result.usage, completion_tokens=tokens)
            call = result.tool_calls[0] if result.tool_calls else self._toolbox.read(result.text)
            if call is not None and self._toolbox.problem(call) is None:
                return _Made(call, usage)
            if result.finish_reason == "length":
                detail = "max_tokens ended the call first"
                if self._bounds.length is None:
                    break  # else a small model lost itself, as in digits after a point
        return _Made(None, usage, detail)


def _warmed(sampling: Sampling, attempt: int) -> Sampling:
    """For a call: a text that ends an answer (`stop`) would only cut it in half."""
    sampling = replace(sampling, logprobs=None, stop=())
    if not attempt:
        return sampling
    warmer = sampling.temperature + WARMER * attempt
    return replace(
        sampling,
        temperature=max(sampling.temperature, min(warmer, HOTTEST)),
        seed=None if sampling.seed is None else sampling.seed + attempt,
    )


def _reason(reason: str, *, called: bool) -> str:
    return "tool_calls" if called and reason == "stop" else reason


def _as_text(call: ToolCall) -> str:
    name = orjson.dumps(call.name).decode()
    return f'{{"name":{name},"parameters":{call.arguments}}}'
