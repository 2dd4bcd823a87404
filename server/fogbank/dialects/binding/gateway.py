"""The binding's ways through a gateway: a layer in front of the dialects, as the gateway itself is.

`POST /ai-gateway/run?version=3` is a run whose `options.gateway` says through which gateway and
how; `POST /ai-gateway/universal/run/{gateway}` is the universal request (contract 6.1, 6.5).
"""

import re

import orjson
from starlette.types import Message, Receive, Scope, Send

from fogbank import errors
from fogbank.dialects import intake
from fogbank.dialects.ai_gateway.door import NOT_SET_UP, GatewayDoor, headers_by_name, noting
from fogbank.dialects.ai_gateway.options import from_binding
from fogbank.dialects.ai_gateway.step import WORKERS_AI, Step, outline
from fogbank.dialects.asgi import header, send_json
from fogbank.dialects.binding.call import MODEL, Call, model_of, of_json
from fogbank.dialects.binding.caller import account_of, binding_context
from fogbank.dialects.binding.encoding import ENCODING, read_decoded
from fogbank.dialects.binding.replies import send_error
from fogbank.dialects.exchange import exchange
from fogbank.dialects.services import Services
from fogbank.errors import AIError, RouteError
from fogbank.runtime.context import Context

BELOW = "/ai-gateway/"
RUN = BELOW + "run"
UNIVERSAL = re.compile(BELOW + "universal/run/([^/]+)/?")
INNER = "/run"
RUN_OPTIONS = ("rejectIfBusy", "queueRequest")
"""Options of a run that change its answer; the cache knows answers apart by them."""


class BindingGateway:
    """Wraps the gateway's door, which answers for both."""

    def __init__(self, services: Services, door: GatewayDoor) -> None:
        self._services = services
        self._settings = services.settings
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] == "http"
            and scope["path"].startswith(BELOW)
            and scope["method"] == "POST"
        ):
            if scope["path"] == RUN:
                await self._run(scope, receive, send)
                return
            if found := UNIVERSAL.fullmatch(scope["path"]):
                account = account_of(scope, self._settings)
                await self._door.answer(account, found[1], "", scope, receive, send)
                return
        await self._door(scope, receive, send)

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = binding_context(scope, self._settings)
        send = noting(context, _named(context, send))

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        async def work() -> None:
            with self._services.runtime.metrics.refusals():
                gateway, step = await self._read(scope, receive)
            if not self._door.serves(gateway):
                await send_json(send, 400, NOT_SET_UP)
                return
            account = account_of(scope, self._settings)
            await self._door.forward(
                account, gateway, [step], context, _decoded(scope), receive, send
            )

        await exchange(context, header(scope, MODEL) or "", work(), refuse, receive)

    async def _read(self, scope: Scope, receive: Receive) -> tuple[str, Step]:
        body = await read_decoded(scope, receive, self._settings)
        return await intake.off_the_loop(len(body), lambda: self._step(scope, body))

    def _step(self, scope: Scope, body: bytes) -> tuple[str, Step]:
        """The gateway's name, and the run that is to go through it. Raises AIError."""
        card = model_of(scope, self._services.runtime.catalog)
        call = of_json(body)
        gateway = call.options.get("gateway")
        name = gateway.get("id") if isinstance(gateway, dict) else None
        if not isinstance(gateway, dict) or not isinstance(name, str) or not name:
            raise AIError(errors.INVALID_INPUT, detail="'options.gateway.id' must be a text")
        given = {**gateway, "skipCache": True} if call.has("queueRequest") else gateway
        step = Step(
            provider=WORKERS_AI,
            endpoint=card.name,
            path=INNER,
            body=_inner_body(call),
            data=outline(call.inputs),
            card=card,
            options=from_binding(given, headers_by_name(scope), self._settings),
            headers={},
        )
        return name, step


def _inner_body(call: Call) -> bytes:
    options = {name: call.options[name] for name in RUN_OPTIONS if name in call.options}
    try:
        return orjson.dumps({"inputs": call.inputs, "options": options})
    except orjson.JSONEncodeError:
        raise AIError(errors.INVALID_INPUT, detail="the inputs are nested too deeply") from None


def _decoded(scope: Scope) -> Scope:
    """The request with the headers of a body that is not compressed, and no query.

    The inner run would read inputs in it (`userInputs`), which the cache's key does not know.
    """
    headers = [pair for pair in scope["headers"] if pair[0] != ENCODING]
    return {**scope, "headers": headers, "query_string": b""}


def _named(context: Context, send: Send) -> Send:
    """`send`, which gives an answer without a request id, such as a cached one, this request's."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            fields = message["headers"]
            if not any(name == b"cf-ai-req-id" for name, _ in fields):
                fields = [*fields, (b"cf-ai-req-id", context.request_id.encode())]
                message = {**message, "headers": fields}
        await send(message)

    return named
