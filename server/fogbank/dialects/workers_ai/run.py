"""`POST /client/v4/accounts/{account_id}/ai/run/{model}` (contract 1.1 to 1.3)."""

import re
from collections.abc import Iterable
from typing import Any

import orjson
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fogbank.catalog.card import Card
from fogbank.dialects import intake
from fogbank.dialects.asgi import ClientGone, Headers, send_json, while_connected
from fogbank.dialects.exchange import exchange
from fogbank.dialects.front_door import front_door_body
from fogbank.dialects.services import Services, route
from fogbank.dialects.streaming import send_stream
from fogbank.dialects.workers_ai.inference import Inference, Prepared
from fogbank.errors import AIError, RouteError, account_error, unknown_model, unknown_path
from fogbank.runtime.context import Context
from fogbank.settings import Settings
from fogbank.tasks import TextGenerationRequest

ACCOUNT = re.compile(r"[0-9a-fA-F]{32}")


def run_routes(services: Services) -> Iterable[Route]:
    """The run route."""
    endpoint = RunEndpoint(services.inference, services.settings)
    yield route("/client/v4/accounts/{account_id}/ai/run/{model:path}", endpoint)


class RunEndpoint:
    """The run route as an ASGI application; its scope has `account_id` and `model` in the path."""

    def __init__(self, inference: Inference, settings: Settings) -> None:
        self._inference = inference
        self._runtime = inference.runtime
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._settings)

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        await exchange(
            context,
            scope["path_params"]["model"],
            self._work(context, scope, receive, send),
            refuse,
        )

    async def _work(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        with self._runtime.metrics.refusals():
            card = self._card(scope)
            body = await intake.body(scope, receive, self._settings)
            prepared = self._inference.prepare(card, _parsed(body), context)
        work = self._stream if prepared.streamed else self._whole
        if not await while_connected(receive, work(prepared, context, send)):
            raise ClientGone

    def _card(self, scope: Scope) -> Card:
        if not ACCOUNT.fullmatch(scope["path_params"]["account_id"]):
            raise account_error(scope["path"])
        if scope["method"] != "POST":
            raise unknown_path(scope["path"])
        card = self._runtime.catalog.resolve(scope["path_params"]["model"])
        if card is None:
            raise unknown_model()
        return card

    async def _whole(self, prepared: Prepared, context: Context, send: Send) -> None:
        whole = await self._inference.whole(prepared, context)
        await send_json(send, 200, envelope(whole.result), whole.headers)

    async def _stream(self, prepared: Prepared, context: Context, send: Send) -> None:
        assert isinstance(prepared.request, TextGenerationRequest)
        await send_stream(
            self._runtime,
            prepared.card,
            prepared.request,
            context,
            send,
            self._inference.headers(prepared.card, context),
            self._inference.framing(prepared),
        )


def _parsed(body: bytes) -> Any:
    """Told to be JSON by its content, not by its header (contract 1.1)."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""


def envelope(result: Any) -> dict[str, Any]:
    """A success (contract 1.1)."""
    return {"result": result, "success": True, "errors": [], "messages": []}


async def send_error(error: AIError | RouteError, context: Context, send: Send) -> None:
    """An error of the AI layer or of the front door (contract 1.1, 2.4)."""
    if isinstance(error, RouteError):
        await send_json(send, error.status, front_door_body(error))
        return
    headers: Headers = [(b"cf-ai-req-id", context.request_id.encode())]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(error.retry_after).encode()))
    await send_json(send, error.kind.status, error_body(error, context.request_id), headers)


def error_body(error: AIError, request_id: str) -> dict[str, Any]:
    """`result` is an empty object where the AI layer refuses, null where the front does."""
    listed = [{"message": error.message(request_id), "code": error.kind.code}]
    result: dict[str, Any] | None = {} if error.kind.title else None
    return {"errors": listed, "success": False, "result": result, "messages": []}
