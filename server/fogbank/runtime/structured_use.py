"""Structured output: whatever the model and the engine, what comes out fits the format asked for.

    the engine is held to the format's constraint
    -> cut off by max_tokens: what is open is closed, what is missing written as short as it may be
    -> verified
    -> else made again, warmer and from narrower constraints
    -> else the contract's error

A stream is sent as it comes, so that it has one attempt; its last chunk tells that it is verified.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import orjson

from fogbank import errors
from fogbank.engines.base import Engine, EngineRefused, EngineTooLong
from fogbank.errors import AIError
from fogbank.runtime.attempts import ATTEMPTS, FULL, warmed
from fogbank.structured.budget import UnusableSchema
from fogbank.structured.closing import Cut, cut
from fogbank.structured.examination import Busy
from fogbank.structured.library import Library
from fogbank.structured.narrowing import Bounds
from fogbank.structured.structure import Structure
from fogbank.tasks import (
    ChoiceFormat,
    Constraint,
    Evidence,
    JsonFormat,
    OutputFormat,
    RegexFormat,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    TokenLogprob,
    Usage,
    call_text,
)

LEVELS = (0, 1, 0, 2, 0)
"""How narrow the constraint of each attempt is, at least, and narrower where one was cut off: what
is not followed while an answer is written holds more often in short ones, or in other ones."""

CHARACTERS_PER_TOKEN = 3
"""Of JSON with short texts."""

LONGEST_TOKEN = 12
"""Characters. An answer whose shortest form has more for each of max_tokens will never fit."""

ROOM = 32
"""Tokens before max_tokens from which on a stream waits, beside those of what may be missing."""

_CALLED = {JsonFormat: "the JSON schema", RegexFormat: "the regex", ChoiceFormat: "the choice"}


class Unmet(AIError):
    """No answer came about that fits; `usage` is what was spent on those that do not."""

    def __init__(self, kind: errors.ErrorKind, usage: Usage, detail: str) -> None:
        self.usage = usage
        self.detail = detail
        super().__init__(kind, detail=detail)


async def prepared(
    asked: OutputFormat, library: Library, backend: str, bounds: Bounds
) -> "StructuredUse":
    """How a request with this format runs. Raises AIError for a format that cannot be met."""
    try:
        structure = await library.structure(asked, backend, bounds)
    except UnusableSchema as error:
        detail = f"{_CALLED[type(asked)]} {error}"
        raise AIError(errors.INVALID_INPUT, detail=detail) from error
    except Busy:
        raise AIError(errors.CAPACITY, retry_after=1) from None
    return StructuredUse(structure, closes=isinstance(asked, JsonFormat))


@dataclass(slots=True)
class _Whole:
    """An answer so far: its text, whether it was cut off or closed, the tokens that it took, and
    the characters that are `kept` of what was written first.
    """

    text: str
    tokens: int
    kept: int
    cut: bool = False
    closed: bool = False


class StructuredUse:
    """Runs one request that is held to a `structure`. What `closes` may be closed early."""

    def __init__(self, structure: Structure, *, closes: bool) -> None:
        self._structure = structure
        self._closes = closes

    async def run(self, engine: Engine, request: TextGenerationRequest) -> TextGenerationResult:
        """The whole answer. Raises AIError where none comes about that fits."""
        problem, usage, cuts = "", Usage(), 0
        for attempt in range(ATTEMPTS):
            if attempt >= FULL and usage.completion_tokens >= request.sampling.max_tokens:
                break
            asked = self._asked(request, attempt, max(LEVELS[attempt % FULL], cuts))
            try:
                result = await engine.run(asked)
            except EngineTooLong:
                raise
            except EngineRefused:
                cuts += 1
                if cuts < len(self._structure.constraints):
                    continue
                raise
            assert isinstance(result, TextGenerationResult)
            if result.tool_calls and asked.tool_choice == "auto":
                return result  # a remote server's, in place of an answer
            answer = await self._closed(engine, asked, result)
            tokens = usage.completion_tokens + answer.tokens
            usage = replace(result.usage, completion_tokens=tokens)
            found = await self._structure.problem(answer.text)
            if found is None:
                return replace(
                    result,
                    text=answer.text,
                    usage=usage,
                    finish_reason="stop",
                    tool_calls=(),
                    logprobs=_within(result.logprobs, answer.kept),
                    evidence=self._evidence(attempt + 1, closed=answer.closed),
                )
            problem = self._too_short(request) if answer.cut else found
            cuts += answer.cut
            if answer.cut and self._structure.shortest > LONGEST_TOKEN * asked.sampling.max_tokens:
                break
        raise Unmet(errors.JSON_MODE_FAILED, usage, problem)

    async def stream(
        self, engine: Engine, request: TextGenerationRequest
    ) -> AsyncGenerator[TextChunk]:
        """The text as it comes, verified in the last chunk. Raises AIError where it is wrong.

        What comes when max_tokens is near waits until it is known how the answer ends.
        """
        for level in range(len(self._structure.constraints)):
            asked, begun = self._asked(request, 0, level), False
            try:
                async with aclosing(self._told(engine, asked)) as told:
                    async for chunk in told:
                        begun = True
                        yield chunk
            except EngineRefused as error:
                last = level + 1 == len(self._structure.constraints)
                if begun or last or isinstance(error, EngineTooLong):
                    raise
            else:
                return

    async def _told(
        self, engine: Engine, asked: TextGenerationRequest
    ) -> AsyncGenerator[TextChunk]:
        """A stream held to one constraint."""
        sent, held, last, called = "", list[TextChunk](), TextChunk(""), False
        async with aclosing(engine.stream(asked)) as chunks:
            async for last in chunks:
                called = called or bool(last.tool_calls)
                if last.finish_reason is not None:
                    break
                if not called and (held or self._is_near(asked, last.completion_tokens)):
                    held.append(last)
                    continue
                for chunk in held:
                    yield chunk
                held.clear()
                sent += last.text
                yield last
        if called:  # a remote server's, in place of an answer
            for chunk in [*held, last]:
                yield chunk
            return
        whole = TextGenerationResult(
            sent + "".join(chunk.text for chunk in held) + last.text,
            Usage(last.prompt_tokens, last.completion_tokens, last.cached_tokens),
            last.finish_reason or "",
            tuple(one for chunk in [*held, last] for one in chunk.logprobs),
        )
        answer = await self._closed(engine, asked, whole, floor=len(sent))
        problem = await self._structure.problem(answer.text)
        if problem is not None:
            usage = replace(whole.usage, completion_tokens=answer.tokens)
            problem = self._too_short(asked) if answer.cut else problem
            raise Unmet(errors.JSON_MODE_FAILED, usage, problem)
        last.completion_tokens = answer.tokens
        if rest := answer.text[len(sent) :]:
            likely = _within(whole.logprobs, answer.kept - len(sent))
            yield replace(last, text=rest, logprobs=likely, finish_reason=None)
        evidence = self._evidence(1, closed=answer.closed)
        yield replace(last, text="", logprobs=(), finish_reason="stop", evidence=evidence)

    def _is_near(self, asked: TextGenerationRequest, tokens: int) -> bool:
        """Whether so little is left of max_tokens that the answer may have to be closed."""
        limit = asked.sampling.max_tokens
        room = min(self._structure.shortest // 2 + ROOM, limit // 2)
        return self._closes and limit - tokens <= room

    def _asked(
        self, request: TextGenerationRequest, attempt: int, level: int
    ) -> TextGenerationRequest:
        constraints = self._structure.constraints
        return replace(
            request,
            output_format=None,
            constraint=constraints[min(level, len(constraints) - 1)],
            sampling=warmed(request.sampling, attempt),
        )

    def _schema(self, asked: TextGenerationRequest) -> dict[str, Any]:
        assert asked.constraint is not None
        schema: dict[str, Any] = orjson.loads(asked.constraint.text)
        return schema

    def _grammars(self, engine: Engine) -> bool:
        """Whether the model can be asked for the rest of an answer."""
        return engine.continues and self._structure.backend == "llguidance"

    async def _closed(
        self,
        engine: Engine,
        asked: TextGenerationRequest,
        result: TextGenerationResult,
        floor: int = 0,
    ) -> _Whole:
        """The answer, brought to its end if max_tokens cut it off and that can be done.

        Its first `floor` characters stay.
        """
        text = call_text(result.tool_calls[0]) if result.tool_calls else result.text
        answer = _Whole(text, result.usage.completion_tokens, len(text))
        answer.cut = result.finish_reason == "length"
        if not answer.cut or not self._closes:
            return answer
        limit = asked.sampling.max_tokens
        schema, grammars = self._schema(asked), self._grammars(engine)
        # Looks at the text in many places: milliseconds, for a long one.
        found = await asyncio.to_thread(cut, schema, text, limit, grammars=grammars, floor=floor)
        if found is None:
            return answer
        answer.cut, answer.text = False, found.text + found.closing.text
        answer.kept = len(found.text)
        answer.closed = bool(found.closing.text or found.closing.lark)
        if found.closing.lark:
            try:
                rest = await engine.run(_continued(asked, found))
            except EngineRefused:
                return _Whole(text, limit, len(text), cut=True)
            assert isinstance(rest, TextGenerationResult)
            answer.text += rest.text
            answer.tokens += rest.usage.completion_tokens
            answer.cut = rest.finish_reason == "length"
        return answer

    def _too_short(self, request: TextGenerationRequest) -> str:
        characters = self._structure.shortest
        about = max(1, characters // CHARACTERS_PER_TOKEN)
        return (
            f"max_tokens ({request.sampling.max_tokens}) ended the answer first; the shortest that"
            f" fits has about {characters} characters, {about} tokens"
        )

    def _evidence(self, tries: int, *, closed: bool) -> Evidence:
        structure = self._structure
        return Evidence(
            digest=structure.digest,
            backend=structure.backend,
            compile_ms=structure.compile_ms,
            after=structure.after,
            tries=tries,
            closed=closed,
        )


def _continued(asked: TextGenerationRequest, stopped: Cut) -> TextGenerationRequest:
    room = max(asked.sampling.max_tokens - stopped.tokens, 1)
    return replace(
        asked,
        constraint=Constraint("lark", stopped.closing.lark),
        prefix=stopped.text,
        sampling=replace(asked.sampling, max_tokens=room, logprobs=None),
    )


def _within(logprobs: tuple[TokenLogprob, ...], characters: int) -> tuple[TokenLogprob, ...]:
    """Those of the tokens that begin in so many characters."""
    kept: list[TokenLogprob] = []
    for one in logprobs:
        if characters <= 0:
            break
        kept.append(one)
        characters -= len(one.token)
    return tuple(kept)
