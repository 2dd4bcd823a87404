"""`POST /client/v4/accounts/{account_id}/ai/run/{model}` (contract 1.1 to 1.3)."""

import asyncio
import re
import time
from collections.abc import Mapping
from typing import Any

import orjson
import structlog
from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.asgi import (
    EVENT_STREAM,
    BodyTooLarge,
    ClientGone,
    Headers,
    header,
    read_body,
    send_json,
    while_connected,
)
from fogbank.dialects.front_door import LOGGED_CHARACTERS, front_door_body
from fogbank.dialects.workers_ai import answers, events
from fogbank.dialects.workers_ai.requests import refuse_images, task_request, wants_stream
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.errors import AIError, RouteError, account_error, unknown_model, unknown_path
from fogbank.runtime.context import Context
from fogbank.runtime.runtime import Runtime
from fogbank.settings import Settings
from fogbank.tasks import TaskRequest, TextGenerationRequest

ACCOUNT = re.compile(r"[0-9a-fA-F]{32}")
DEADLINE_HEADER = b"x-fogbank-deadline"
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")

log = structlog.get_logger("fogbank.request")


class RunEndpoint:
    """The run route as an ASGI application; its scope has `account_id` and `model` in the path."""

    def __init__(
        self, runtime: Runtime, schemas: Mapping[str, InputSchema], settings: Settings
    ) -> None:
        self._runtime = runtime
        self._schemas = schemas
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = time.perf_counter()
        context = self._context(scope)
        name = scope["path_params"]["model"][:LOGGED_CHARACTERS]
        status = 200
        try:
            with self._runtime.metrics.refusals():
                card = self._card(scope)
                data = await self._asked(card, context, scope, receive)
                request = task_request(card, data, self._runtime.sampling_defaults(card))
            await self._answer(card, request, context, receive, send, wants_stream(data))
        except RouteError as error:
            status = error.status
            await send_json(send, status, front_door_body(error))
        except AIError as error:
            status = error.kind.status
            await self._send_error(error, context, send)
        except ClientGone:
            status = 499
        except Exception:
            status = 500
            log.exception("request failed", id=context.request_id, model=name)
            await self._send_error(AIError(errors.INTERNAL), context, send)
        took = round((time.perf_counter() - began) * 1000, 1)
        log.info(
            "request", id=context.request_id, model=name, status=status, ms=took, key=context.key
        )

    def _context(self, scope: Scope) -> Context:
        deadline = self._settings.deadline
        asked = header(scope, DEADLINE_HEADER)
        if asked and SECONDS.fullmatch(asked) and float(asked) > 0:
            deadline = min(float(asked), self._settings.max_deadline)
        return Context(deadline=deadline, key=scope.get("state", {}).get("key"))

    def _card(self, scope: Scope) -> Card:
        if not ACCOUNT.fullmatch(scope["path_params"]["account_id"]):
            raise account_error(scope["path"])
        if scope["method"] != "POST":
            raise unknown_path(scope["path"])
        card = self._runtime.catalog.resolve(scope["path_params"]["model"])
        if card is None:
            raise unknown_model()
        return card

    async def _asked(
        self, card: Card, context: Context, scope: Scope, receive: Receive
    ) -> Mapping[str, Any]:
        body = await self._body(scope, receive)
        self._runtime.check(card)
        return self._validated(card, body, context)

    async def _answer(
        self,
        card: Card,
        request: TaskRequest,
        context: Context,
        receive: Receive,
        send: Send,
        streamed: bool,
    ) -> None:
        headers = _headers(context, self._runtime.served_by(card))
        if streamed and isinstance(request, TextGenerationRequest):
            work = self._stream(card, request, context, send, headers)
        else:
            work = self._whole(card, request, context, send, headers)
        if not await while_connected(receive, work):
            raise ClientGone

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The bytes of the body; a client that sends them too slowly is not waited for."""
        try:
            async with asyncio.timeout(self._settings.deadline):
                body = await read_body(scope, receive, self._settings.max_body_bytes)
        except BodyTooLarge:
            raise AIError(errors.TOO_LARGE) from None
        except TimeoutError:
            raise AIError(errors.TIMEOUT) from None
        if not body:
            raise AIError(errors.MISSING_BODY, what="body")
        return body

    def _validated(self, card: Card, body: bytes, context: Context) -> Mapping[str, Any]:
        """The model's input. Told to be JSON by its content, not by its header (contract 1.1)."""
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            data = ""
        if isinstance(data, dict) and isinstance(options := data.get("options"), dict):
            context.reject_if_busy = options.get("rejectIfBusy") is True
            data = {key: value for key, value in data.items() if key != "options"}
        schema = self._schemas[card.input]
        if found := schema.validate(data):
            raise AIError(errors.BAD_INPUT, detail=describe(found))
        refuse_images(data)
        return schema.checked(data)

    async def _whole(
        self, card: Card, request: TaskRequest, context: Context, send: Send, headers: Headers
    ) -> None:
        answer = await self._runtime.run(card, request, context)
        now_ms = int(time.time() * 1000)
        result = answers.result(card, request, answer.result, now_ms=now_ms)
        await send_json(send, 200, _envelope(result), headers)

    async def _stream(
        self,
        card: Card,
        request: TextGenerationRequest,
        context: Context,
        send: Send,
        headers: Headers,
    ) -> None:
        """Nothing is sent before the first chunk, so that an early error has its own status."""
        framing: events.Events = events.NativeEvents()
        if card.output == "chat-completion":
            framing = events.ChatCompletionEvents(card, int(time.time() * 1000))
        started = False
        last = None
        try:
            async with self._runtime.stream(card, request, context) as chunks:
                async for last in chunks:
                    if not started:
                        await _start_events(send, headers)
                        started = True
                    if data := framing.text(last):
                        await send({"type": "http.response.body", "body": data, "more_body": True})
            end = framing.end(last) if last else events.DONE
        except AIError as error:
            if not started:
                raise
            log.warning("stream failed", id=context.request_id, code=error.kind.code)
            end = events.failure(error, context.request_id)
        except Exception:
            if not started:
                raise
            log.exception("stream failed", id=context.request_id, model=card.name)
            end = events.failure(AIError(errors.INTERNAL), context.request_id)
        if not started:
            await _start_events(send, headers)
        await send({"type": "http.response.body", "body": end})

    async def _send_error(self, error: AIError, context: Context, send: Send) -> None:
        headers = _headers(context, None)
        if error.retry_after is not None:
            headers.append((b"retry-after", str(error.retry_after).encode()))
        listed = [{"message": error.message(context.request_id), "code": error.kind.code}]
        result: dict[str, Any] | None = {} if error.kind.title else None
        body = {"errors": listed, "success": False, "result": result, "messages": []}
        await send_json(send, error.kind.status, body, headers)


def _envelope(result: Any) -> dict[str, Any]:
    return {"result": result, "success": True, "errors": [], "messages": []}


def _headers(context: Context, stand_in: str | None) -> Headers:
    headers = [(b"cf-ai-req-id", context.request_id.encode())]
    if stand_in:
        headers.append((b"x-fogbank-served-by", stand_in.encode("latin-1", "replace")))
    return headers


async def _start_events(send: Send, headers: Headers) -> None:
    fields = [(b"content-type", EVENT_STREAM), (b"cache-control", b"no-cache"), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": fields})
