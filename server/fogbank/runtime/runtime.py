"""The way of a request: served? -> deadline -> permit -> engine -> window -> compute -> usage.

One function per step, in this order. A dialect calls `Runtime.run` or `Runtime.stream` and renders
what comes back; it gets `AIError` for everything that goes wrong, whichever engine computes.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import structlog

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.catalog.catalog import Catalog, ServedModel
from fogbank.clock import Clock
from fogbank.engines.base import (
    Engine,
    EngineError,
    EngineOverloaded,
    EngineRefused,
    EngineTooLong,
)
from fogbank.engines.factory import backend_of
from fogbank.errors import AIError
from fogbank.runtime import tool_use
from fogbank.runtime.admission import Admission, Refused
from fogbank.runtime.context import Context
from fogbank.runtime.meter import Meter, NoMeter, Record
from fogbank.runtime.rate_limits import RateLimits
from fogbank.runtime.structured_use import StructuredUse, Unmet, prepared
from fogbank.runtime.supervisor import Supervisor
from fogbank.runtime.tool_use import ToolUse
from fogbank.structured.library import Library
from fogbank.structured.narrowing import Bounds
from fogbank.tasks import (
    Evidence,
    TaskRequest,
    TaskResult,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)
from fogbank.telemetry.measure import Measure
from fogbank.telemetry.metrics import Metrics

CHARACTERS_PER_TOKEN = 4
LOGGED_CHARACTERS = 200

log = structlog.get_logger("fogbank.request")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole result; where a stand-in computed it, that stand-in's name; its cost in neurons.

    `neurons` is None for a model without a price.
    """

    result: TaskResult
    served_by: str | None
    neurons: float | None = None


class Runtime:
    """Runs task requests on the engines of one profile.

    `served` maps a card's name to its engine (`catalog.resolve_profile`), `engines` an engine's
    name to its supervisor.
    """

    def __init__(
        self,
        catalog: Catalog,
        served: Mapping[str, ServedModel],
        engines: Mapping[str, Supervisor],
        metrics: Metrics,
        *,
        clock: Clock | None = None,
        retry_after: int | None = 1,
        meter: Meter | None = None,
        rates: RateLimits | None = None,
        refuse_deprecated: bool = False,
    ) -> None:
        self.catalog = catalog
        self.served = served
        self.engines = engines
        self.metrics = metrics
        self.meter = meter or NoMeter()
        self._rates = rates
        self._refuse_deprecated = refuse_deprecated
        self.draining = False
        self._clock = clock or Clock()
        self._retry_after = retry_after
        self._admissions = {
            name: Admission(engine.spec.max_concurrent, engine.spec.max_waiting)
            for name, engine in engines.items()
        }
        self._library = Library()
        self._deadlines: set[asyncio.Timeout] = set()
        self._sampling = {
            name: item.card.defaults.model_copy(
                update=engines[item.engine].spec.sampling.model_dump(exclude_none=True)
            )
            for name, item in served.items()
        }

    def served_by(self, card: Card) -> str | None:
        """The stand-in that answers for this card in this profile, if one does."""
        served = self.served.get(card.name)
        return served.stands_in if served else None

    def version(self, card: Card) -> str:
        """Tells one way of serving this card from another: weights, engine, options."""
        served = self.served.get(card.name)
        return "" if served is None else self.engines[served.engine].spec.model_dump_json()

    def sampling_defaults(self, card: Card) -> SamplingDefaults:
        """What a request that is silent gets: the card's, unless the engine is told otherwise."""
        return self._sampling.get(card.name, card.defaults)

    def check(self, card: Card) -> None:
        """Raises AIError if this card is not served here; nothing is admitted or computed."""
        self._serving(card)

    def rate(self, card: Card, context: Context) -> None:
        """Counts a request against its rate limit, once. Raises AIError beyond it (contract 8)."""
        if self._rates is None or context.rated or context.low_priority:
            return
        context.rated = True
        who = context.key or (context.account or "").lower()
        if wait := self._rates.wait(card, who):
            raise AIError(errors.CAPACITY, retry_after=wait if self._retry_after else None)

    async def run(self, card: Card, request: TaskRequest, context: Context) -> Answer:
        """The whole answer. Raises AIError; cancelling frees the engine's slot."""
        served = self._serving(card)
        if context.fault is not None:
            await context.fault.happen(context.deadline)
        with self._measured(served, context) as measure:
            asked, use = await self._planned(served, request)
            async with self._computing(served, context) as engine:
                ready = await self._prepare(engine, card, asked, measure)
                try:
                    result = await _run(engine, ready, use)
                except EngineTooLong as error:
                    raise _too_long(error.tokens, _window(card, engine)) from None
                except Unmet as error:
                    measure.finished(error.usage)
                    raise
            measure.finished(result.usage)
            if isinstance(result, TextGenerationResult):
                self._proven(card, result.evidence, context)
        return Answer(result, served.stands_in, self.meter.neurons(card, result.usage))

    @asynccontextmanager
    async def stream(
        self, card: Card, request: TextGenerationRequest, context: Context
    ) -> AsyncIterator[AsyncIterator[TextChunk]]:
        """The answer in pieces. Raises AIError before or between them.

        A context, not a generator alone: the deadline must reach its caller, who may be waiting
        for a slow client between two pieces, as an AIError too.
        """
        served = self._serving(card)
        with self._measured(served, context, streamed=True) as measure:
            asked, use = await self._planned(served, request)
            async with self._computing(served, context) as engine:
                ready = await self._prepare(engine, card, asked, measure)
                assert isinstance(ready, TextGenerationRequest)
                source = use.stream(engine, ready) if use else engine.stream(ready)
                proven = partial(self._proven, card, context=context)
                async with (
                    aclosing(source) as chunks,
                    aclosing(_measured(chunks, measure, proven)) as measured,
                ):
                    fault = context.fault
                    yield measured if fault is None else fault.within(measured, context.deadline)

    def waiting(self, engine: str) -> int:
        """Requests that wait for a permit of this engine."""
        return self._admissions[engine].waiting

    @property
    def in_flight(self) -> int:
        """Requests between admission and answer, on all engines."""
        return len(self._deadlines)

    def drain(self, seconds: float) -> None:
        """Refuses new requests from now on and gives those in flight `seconds` to finish."""
        self.draining = True
        latest = asyncio.get_running_loop().time() + seconds
        for timeout in self._deadlines:
            when = timeout.when()
            if not timeout.expired() and (when is None or when > latest):
                timeout.reschedule(latest)

    def _serving(self, card: Card) -> ServedModel:
        if card.deprecated_on and (card.refuse_deprecated or self._refuse_deprecated):
            raise AIError(errors.DEPRECATED, date=card.deprecated_on.isoformat())
        served = self.served.get(card.name)
        if served is None:
            profiles = self.catalog.profiles_with(card.name)
            where = f"Profiles that have its weights: {', '.join(profiles)}." if profiles else ""
            detail = where or "No profile has its weights."
            raise AIError(errors.NOT_ALLOWED, model=card.name, detail=detail)
        return served

    async def _planned(
        self, served: ServedModel, request: TaskRequest
    ) -> tuple[TaskRequest, StructuredUse | ToolUse | None]:
        """The request as engines see it, and what makes sure of its form if it has one."""
        if not isinstance(request, TextGenerationRequest):
            return request, None
        spec = self.engines[served.engine].spec
        backend, use = backend_of(spec), None
        if request.output_format is not None:
            bounds = Bounds(spec.json_mode.length, spec.json_mode.items)
            with self.metrics.refused_formats(served.card.name):
                use = await prepared(request.output_format, self._library, backend, bounds)
        bounds = Bounds(spec.tool_calls.length, spec.tool_calls.items)
        asked, tools = await tool_use.plan(request, self._library, backend, bounds, use)
        return asked, tools or use

    def _proven(self, card: Card, evidence: Evidence | None, context: Context) -> None:
        """Writes down how an answer came to fit its format, if it has one."""
        if evidence is None:
            return
        self.metrics.structured(card.name, evidence)
        log.info("structured output", id=context.request_id, model=card.name, **evidence.as_json())

    @contextmanager
    def _measured(
        self, served: ServedModel, context: Context, *, streamed: bool = False
    ) -> Iterator[Measure]:
        """Observes one request, and writes it down if it reached the engine."""
        card = served.card
        self.rate(card, context)
        self.meter.admit(context)
        measure = None
        try:
            with self.metrics.measure(card.name, card.task) as measure:
                yield measure
        finally:
            if measure is not None and measure.admitted_at is not None:
                first = measure.first_at
                self.meter.record(
                    Record(
                        card=card,
                        context=context,
                        usage=_counted(measure.tokens, context),
                        outcome=measure.outcome,
                        engine=served.engine,
                        served_by=served.stands_in,
                        streamed=streamed,
                        seconds=measure.ended_at - measure.began_at,
                        first_seconds=None if first is None else first - measure.began_at,
                    )
                )

    @asynccontextmanager
    async def _computing(self, served: ServedModel, context: Context) -> AsyncIterator[Engine]:
        supervisor = self.engines[served.engine]
        if self.draining or (context.reject_if_busy and not supervisor.ready):
            raise self._busy()
        admission = self._admissions[served.engine]
        loop = asyncio.get_running_loop()
        admitted = False
        timeout = asyncio.timeout(context.deadline)
        try:
            async with timeout:
                self._deadlines.add(timeout)
                async with admission.permit(
                    wait=not context.reject_if_busy, low_priority=context.low_priority
                ):
                    if not self.draining:
                        timeout.reschedule(loop.time() + context.deadline)
                    async with supervisor.use() as engine:
                        admitted = True
                        self.meter.admit(context)  # again: those before it may have used it up
                        yield engine
        except TimeoutError:
            if self.draining:
                raise AIError(errors.ABORTED) from None
            raise AIError(errors.TIMEOUT) if admitted else self._busy() from None
        except (Refused, EngineOverloaded):
            raise self._busy() from None
        except EngineRefused as error:
            raise AIError(errors.INVALID_INPUT, detail=str(error)) from error
        except EngineError as error:
            told = str(error)[:LOGGED_CHARACTERS]  # a remote server words it
            log.warning("engine failed", engine=served.engine, id=context.request_id, error=told)
            raise AIError(errors.UPSTREAM) from error
        finally:
            self._deadlines.discard(timeout)

    def _busy(self) -> AIError:
        return AIError(errors.CAPACITY, retry_after=self._retry_after)

    async def _prepare(
        self, engine: Engine, card: Card, request: TaskRequest, measure: Measure
    ) -> TaskRequest:
        measure.admitted()
        if not isinstance(request, TextGenerationRequest):
            return request
        if request.lora is not None and not engine.takes_lora:
            raise AIError(errors.NO_LORA, model=card.name)
        limit = _window(card, engine)
        try:
            ids = await engine.encode(request)
            tokens = len(ids) if ids is not None else _estimate(request)
        except EngineTooLong as error:
            ids, tokens = None, error.tokens
        total = tokens + request.sampling.max_tokens
        if limit is not None and total > limit:
            raise _too_long(total, limit)
        return replace(request, prompt_token_ids=ids)


def _window(card: Card, engine: Engine) -> int | None:
    """The smaller of the card's and the engine's (decisions.md 10); None where neither has one."""
    return min((n for n in (card.context_window, engine.context_window) if n), default=None)


def _too_long(tokens: int, limit: int | None) -> AIError:
    return AIError(errors.CONTEXT_WINDOW, tokens=tokens, limit=limit or "unknown")


def _counted(used: Usage, context: Context) -> Usage:
    return replace(used, prompt_tokens=0, cached_tokens=0) if context.prompt_counted else used


async def _measured(
    chunks: AsyncIterator[TextChunk], measure: Measure, proven: Callable[[Evidence | None], None]
) -> AsyncGenerator[TextChunk]:
    try:
        async for chunk in chunks:
            measure.chunk(chunk)
            if chunk.evidence is not None:
                proven(chunk.evidence)
            yield chunk
    except Unmet as error:
        measure.finished(error.usage)
        raise


async def _run(
    engine: Engine, request: TaskRequest, use: StructuredUse | ToolUse | None
) -> TaskResult:
    if use is None:
        return await engine.run(request)
    assert isinstance(request, TextGenerationRequest)
    return await use.run(engine, request)


def _estimate(request: TextGenerationRequest) -> int:
    texts = [request.prompt or "", *(message["content"] for message in request.messages or ())]
    texts += [f"{tool.name}{tool.description}{tool.parameters}" for tool in request.tools]
    return sum(map(len, texts)) // CHARACTERS_PER_TOKEN
