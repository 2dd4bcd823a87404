"""A gateway request: step after step until one answers, from the cache where that is wanted."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import structlog
from starlette.types import ASGIApp, Scope, Send

from fogbank import errors
from fogbank.dialects.ai_gateway.call import Reply, call, inner_scope
from fogbank.dialects.ai_gateway.log_entry import LogEntry
from fogbank.dialects.ai_gateway.step import WORKERS_AI, Step, tenant
from fogbank.dialects.asgi import EVENT_STREAM, JSON, Headers, send_bytes
from fogbank.dialects.intake import DEADLINE_HEADER
from fogbank.dialects.workers_ai.run import asks_for_batch
from fogbank.errors import AIError, RouteError
from fogbank.runtime.runtime import Runtime
from fogbank.storage.gateway_logs import GatewayLogs
from fogbank.storage.response_cache import CachedAnswer, ResponseCache

PROVIDERS = (WORKERS_AI, "compat")
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504})
FORWARDED = frozenset({"authorization", "content-type", "x-session-affinity", "x-auth-key"})
DROPPED = frozenset({b"content-length", b"transfer-encoding", b"connection"})
LOG_SECONDS = 2
OF_ONE_REQUEST = frozenset({b"cf-ai-req-id", b"cf-ai-neurons"})
"""Headers of an answer that are not true of it when it comes from the cache."""

log = structlog.get_logger("fogbank.gateway")


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayRequest:
    """Who asks which gateway. `app` answers the steps, until `ends` on the monotonic clock.

    `key_of` names the API key that a step is made with, None on a server without keys; it raises
    RouteError for a step without a good one.
    """

    account: str
    gateway: str
    key_of: Callable[[Step], str | None]
    ends: float
    scope: Scope
    app: ASGIApp

    @property
    def left(self) -> float:
        """Seconds that an attempt may still take (decisions.md 11), never quite none."""
        return max(self.ends - time.monotonic(), 0.001)


class Gateway:
    """Answers gateway requests on the server's own routes."""

    def __init__(self, runtime: Runtime, cache: ResponseCache, logs: GatewayLogs) -> None:
        self._runtime = runtime
        self._cache = cache
        self._logs = logs

    async def answer(self, request: GatewayRequest, steps: list[Step], send: Send) -> None:
        """Sends the answer of the first step that succeeds, else that of the last one.

        Raises AIError or RouteError where the last step is refused before it reaches a route.
        """
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            try:
                key = request.key_of(step)
            except RouteError:
                if last:
                    raise
                continue  # without a log: strangers write none
            owner = tenant(request.account, key)
            entry = LogEntry(str(uuid.uuid4()), owner, request.gateway, step, number)
            try:
                if await self._step(request, step, key, entry, send, last):
                    return
            except AIError as error:
                entry.failed(error.kind.status, str(error))
                if last:
                    await self._note(entry)
                    raise
            await self._note(entry)

    async def _step(
        self,
        request: GatewayRequest,
        step: Step,
        api_key: str | None,
        entry: LogEntry,
        send: Send,
        last: bool,
    ) -> bool:
        """Whether it was answered."""
        if step.provider not in PROVIDERS:
            detail = f"the provider '{step.provider}' is not served: nothing leaves the premises"
            raise AIError(errors.INVALID_INPUT, detail=detail)
        key = self._cache_key(request, step, api_key)
        if key and (found := self._cache.get(key)):
            entry.answered(found.status, found.body, cached=True)
            await self._note(entry)
            headers = [*found.headers, *entry.headers, (b"cf-aig-cache-status", b"HIT")]
            await send_bytes(send, found.status, JSON, found.body, headers)
            return True
        async with self._attempts(request, step, api_key) as reply:
            if reply.status >= 400 and not last:
                entry.failed(reply.status, (await _whole(reply)).decode(errors="replace"))
                return False
            if key:
                entry.headers.append((b"cf-aig-cache-status", b"MISS"))
            await self._forward(reply, step, entry, send, key)
        return True

    def _cache_key(self, request: GatewayRequest, step: Step, api_key: str | None) -> str | None:
        """None where the answer is not to come from the cache, nor to go there."""
        options = step.options
        if options.skip_cache or not options.cache_ttl or step.card is None:
            return None
        # A fine-tune's name can be given to another adapter later.
        unkept = isinstance(step.data, dict) and (step.data.get("stream") or "lora" in step.data)
        unkept = unkept or asks_for_batch(request.scope["query_string"], step.data)
        if unkept or not (options.cache_asked or step.deterministic):
            return None
        version = self._runtime.version(step.card)
        return step.cache_key(tenant(request.account, api_key), request.gateway, version)

    @asynccontextmanager
    async def _attempts(
        self, request: GatewayRequest, step: Step, api_key: str | None
    ) -> AsyncIterator[Reply]:
        """The reply of the first attempt that is not to be made again."""
        options = step.options
        for attempt in range(1, options.max_attempts + 1):
            async with AsyncExitStack() as stack:
                reply = await self._attempt(request, step, api_key, stack)
                pause = options.delay(attempt)
                final = attempt == options.max_attempts or request.left <= pause
                if final or (reply is not None and reply.status not in RETRIED):
                    if reply is None:
                        raise AIError(errors.TIMEOUT)
                    yield reply
                    return
            await asyncio.sleep(pause)

    async def _attempt(
        self, request: GatewayRequest, step: Step, api_key: str | None, stack: AsyncExitStack
    ) -> Reply | None:
        """None when its first byte came too late."""
        headers = _headers(request.scope, step.headers)
        headers.append((DEADLINE_HEADER, f"{request.left:.3f}".encode()))
        scope = inner_scope(request.scope, step.path, headers, api_key)
        try:
            async with asyncio.timeout(step.options.request_timeout):
                return await stack.enter_async_context(call(request.app, scope, step.body))
        except TimeoutError:
            return None

    async def _forward(
        self, reply: Reply, step: Step, entry: LogEntry, send: Send, key: str | None
    ) -> None:
        kind = reply.header(b"content-type") or "application/json"
        headers = [
            (name, value)
            for name, value in reply.headers
            if name not in DROPPED and name != b"content-type"
        ]
        if not kind.startswith(EVENT_STREAM.decode()):
            body = await _whole(reply)
            entry.answered(reply.status, body, neurons=reply.header(b"cf-ai-neurons"))
            if key and reply.status == 200 and kind == JSON.decode():
                kept = tuple(pair for pair in headers if pair[0] not in OF_ONE_REQUEST)
                self._cache.put(key, CachedAnswer(200, kept, body, step.options.cache_ttl))
            await self._note(entry)
            fields = [*headers, *entry.headers]
            await send_bytes(send, reply.status, kind.encode("latin-1"), body, fields)
            return
        fields = [(b"content-type", EVENT_STREAM), *headers, *entry.headers]
        await send({"type": "http.response.start", "status": reply.status, "headers": fields})
        try:
            async for part in reply.parts:
                entry.streamed(part)
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except ConnectionError:
            # Begun, so nothing else can be answered: the connection ends as the stream did.
            entry.answered(errors.INTERNAL.status, None)
            await self._note(entry)
            return
        entry.answered(reply.status, None)
        await self._note(entry)
        await send({"type": "http.response.body", "body": b""})

    async def _note(self, entry: LogEntry) -> None:
        """A log that cannot be written does not cost the answer, nor hold it up for long."""
        if not entry.step.options.collect_log:
            return
        try:
            async with asyncio.timeout(LOG_SECONDS):
                await self._logs.add(entry.log())
        except Exception:
            log.exception("gateway log lost", id=entry.id)


def _headers(scope: Scope, own: Mapping[str, str]) -> Headers:
    """The client's headers, a step's own in their place; no deadline, none of the gateway's."""
    replaced = {name.encode("latin-1", "replace") for name in own if name in FORWARDED}
    unwanted = replaced | DROPPED | {DEADLINE_HEADER}
    kept = [
        (name, value)
        for name, value in scope["headers"]
        if name not in unwanted and not name.startswith(b"cf-aig-")
    ]
    return kept + [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in own.items()
        if name in FORWARDED
    ]


async def _whole(reply: Reply) -> bytes:
    return b"".join([part async for part in reply.parts])
