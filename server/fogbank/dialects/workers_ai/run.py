"""`POST /client/v4/accounts/{account_id}/ai/run/{model}` (contract 1.1 to 1.3)."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qs

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects import intake
from fogbank.dialects.asgi import Headers, send_json
from fogbank.dialects.exchange import exchange
from fogbank.dialects.front_door import front_door_body
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.answering import send_answer
from fogbank.dialects.workers_ai.batch import BatchQueue
from fogbank.dialects.workers_ai.bodies import Body, parse_body
from fogbank.dialects.workers_ai.inference import Inference, Prepared
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.errors import AIError, RouteError, account_error, unknown_model, unknown_path
from fogbank.runtime.context import Context
from fogbank.settings import Settings

ACCOUNT = re.compile(r"[0-9a-fA-F]{32}")
ANY = InputSchema({})
NAMED = InputSchema(
    {
        "type": "object",
        "required": ["model", "input"],
        "properties": {"model": {"type": "string"}, "input": {"type": "object"}},
    }
)


def run_routes(services: Services) -> Iterable[Route]:
    """The run route, with the model in the path or in the body."""
    endpoint = RunEndpoint(services.inference, services.batches, services.settings)
    yield route("/client/v4/accounts/{account_id}/ai/run/{model:path}", endpoint)
    yield route("/client/v4/accounts/{account_id}/ai/run", endpoint)


class RunEndpoint:
    """The run route as an ASGI application; its scope has `account_id` in the path.

    `model` is in the path too, or the body is `{"model": ..., "input": ...}`.
    """

    def __init__(self, inference: Inference, batches: BatchQueue, settings: Settings) -> None:
        self._inference = inference
        self._batches = batches
        self._runtime = inference.runtime
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._settings)

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        await exchange(
            context,
            lambda: scope["path_params"].get("model", ""),
            self._work(context, scope, receive, send),
            refuse,
            receive,
        )

    async def _work(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        with self._runtime.metrics.refusals():
            prepared = await self._prepared(context, scope, receive, send)
        if prepared is not None:
            await send_answer(self._inference, prepared, context, receive, send, envelope)

    async def _prepared(
        self, context: Context, scope: Scope, receive: Receive, send: Send
    ) -> Prepared | None:
        """What is to run; None where the batch queue has answered.

        The body does not outlive this: ten megabytes of numbers are eighty in a list.
        """
        card, body = await self._read(context, scope, receive)
        if asks_for_batch(scope["query_string"], body.data):
            result = await self._batches.answer(card, body.data, context)
            await send_json(send, 200, envelope(result), self._inference.headers(card, context))
            return None
        return await intake.off_the_loop(
            body.size, lambda: self._inference.prepare(card, body.data, context, body.files)
        )

    async def _read(self, context: Context, scope: Scope, receive: Receive) -> tuple[Card, Body]:
        """The model and its input. A limit that is reached refuses before the body is read."""
        name = self._model(scope)
        if not name:
            body = await intake.body(scope, receive, self._settings)
            name, data = _unwrapped((await parse_body(body, scope, ANY)).data)
            scope["path_params"]["model"] = name
            card = self._card(name)
            self._runtime.rate(card, context)
            return card, Body(data, size=len(body))
        card = self._card(name)
        self._runtime.rate(card, context)
        body = await intake.body(scope, receive, self._settings)
        return card, await parse_body(body, scope, self._inference.schema(card))

    def _model(self, scope: Scope) -> str:
        if not ACCOUNT.fullmatch(scope["path_params"]["account_id"]):
            raise account_error(scope["path"])
        if scope["method"] != "POST":
            raise unknown_path(scope["path"])
        model: str = scope["path_params"].get("model", "")
        return model.removeprefix("run/")

    def _card(self, name: str) -> Card:
        card = self._runtime.catalog.resolve(name)
        if card is None:
            raise unknown_model(name)
        return card


def asks_for_batch(query: bytes, data: Any) -> bool:
    """Whether a body is for the batch queue (contract 5.1); other query parameters are ignored."""
    given = parse_qs(query.decode("latin-1")) if b"queueRequest" in query else {}
    if given.get("queueRequest") == ["true"]:
        return True
    return isinstance(data, dict) and data.keys() == {"request_id"}


def _unwrapped(body: Any) -> tuple[str, dict[str, Any]]:
    """Model and input of a body that names both; `options` may stand beside them."""
    if found := NAMED.validate(body):
        raise AIError(errors.BAD_INPUT, detail=describe(found))
    options = {"options": body["options"]} if "options" in body else {}
    return body["model"], options | body["input"]


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
    if error.kind in errors.OF_GATEWAYS:
        return {"success": False, "result": [], "messages": [], "error": listed}
    result: dict[str, Any] | None = {} if error.kind.title else None
    return {"errors": listed, "success": False, "result": result, "messages": []}
