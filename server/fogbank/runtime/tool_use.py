"""Function calling: whatever the model and the engine, a call that comes out parses and validates.

    none             the tools are not shown
    required, named  the answer is held to the form of a call; it is one, or the request fails
    auto             the engine finds the calls in a free answer; one whose arguments are wrong is
                     made again, held to its tool's schema

What cannot be made a right call in a free answer stays text. Where `response_format` is asked for
beside tools, it holds in a free answer: engines look for no call in it, and what a remote server
calls all the same is verified like any other.
"""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from fogbank import errors
from fogbank.engines.base import Engine, EngineRefused
from fogbank.errors import AIError
from fogbank.runtime.structured_use import StructuredUse, Unmet
from fogbank.structured.budget import quoted
from fogbank.structured.examination import Busy
from fogbank.structured.library import Library
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.structured.tool_calls import Toolbox, ToolError
from fogbank.tasks import (
    NamedTool,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    ToolCall,
    ToolChoice,
    Usage,
    call_text,
)


async def plan(
    request: TextGenerationRequest,
    library: Library,
    backend: str,
    bounds: Bounds = NO_BOUNDS,
    use: StructuredUse | None = None,
) -> tuple[TextGenerationRequest, "ToolUse | None"]:
    """The request as engines see it, and how its calls are made if it may have any.

    `use` is how a free answer is made, where it is held to a format.

    Raises AIError for tools that cannot be used.
    """
    if not request.tools:
        return request, None
    choice = request.tool_choice
    if choice == "none":
        return replace(request, tools=()), None
    try:
        toolbox = await Toolbox.open(request.tools, library, backend, bounds)
    except ToolError as error:
        raise AIError(errors.INVALID_INPUT, detail=str(error)) from error
    except Busy:
        raise AIError(errors.CAPACITY, retry_after=1) from None
    if choice == "auto":
        return request, ToolUse(toolbox, use=use)
    name = None
    if isinstance(choice, NamedTool):
        name = choice.name
        if name not in toolbox:
            detail = f"'tool_choice' names {quoted(name)}, which is not among the tools"
            raise AIError(errors.INVALID_INPUT, detail=detail)
        request = replace(request, tools=tuple(t for t in request.tools if t.name == name))
    return request, ToolUse(toolbox, forced=True, name=name)


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
        *,
        use: StructuredUse | None = None,
        forced: bool = False,
        name: str | None = None,
    ) -> None:
        self._toolbox = toolbox
        self._use = use
        self._forced = forced
        self._name = name

    async def run(self, engine: Engine, request: TextGenerationRequest) -> TextGenerationResult:
        """The whole answer. Raises AIError where a forced call does not come about."""
        if self._forced:
            call, usage = await self._must(engine, request)
            return TextGenerationResult("", usage, "tool_calls", tool_calls=(call,))
        if self._use is not None:
            result = await self._use.run(engine, request)
        else:
            free = await engine.run(request)
            assert isinstance(free, TextGenerationResult)
            result = free
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
        source = self._use.stream(engine, request) if self._use else engine.stream(request)
        async with aclosing(source) as chunks:
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
            right = call if await self._toolbox.problem(call) is None else None
            if right is None and call.name in self._toolbox and call.name not in again:
                again.add(call.name)
                try:
                    right, usage = await self._make(engine, request, call.name)
                except Unmet as error:
                    usage = error.usage
                except EngineRefused:
                    usage = Usage()
                settled.completion_tokens += usage.completion_tokens
            if right is None:
                settled.text += call_text(call)
            else:
                settled.calls.append(right)
        return settled

    async def _make(
        self, engine: Engine, request: TextGenerationRequest, name: str | None
    ) -> tuple[ToolCall, Usage]:
        """A right call, and what was spent on it. Raises Unmet where none comes about.

        Half a call must not look like one, so that it is never closed early.
        """
        use = StructuredUse(self._toolbox.forced(name), closes=False)
        choice: ToolChoice = "required" if name is None else NamedTool(name)
        sampling = replace(request.sampling, logprobs=None)
        result = await use.run(engine, replace(request, tool_choice=choice, sampling=sampling))
        return self._toolbox.read(result.text), result.usage

    async def _must(self, engine: Engine, request: TextGenerationRequest) -> tuple[ToolCall, Usage]:
        """A forced call. Raises AIError where it does not come about."""
        try:
            return await self._make(engine, request, self._name)
        except Unmet as error:
            raise Unmet(errors.TOOL_CALL_FAILED, error.usage, error.detail) from None


def _reason(reason: str, *, called: bool) -> str:
    return "tool_calls" if called and reason == "stop" else reason
