"""Where the gateway is found: `/v1/{account}/{gateway}/...` at the root (decisions.md 14), and the
header `cf-aig-gateway-id` on the ordinary routes (contract 1.7).
"""

import re
import time
from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fogbank import errors
from fogbank.dialects import intake
from fogbank.dialects.ai_gateway.gateway import Gateway, GatewayRequest
from fogbank.dialects.ai_gateway.options import from_headers
from fogbank.dialects.ai_gateway.step import WORKERS_AI, Step, make_step, universal_steps
from fogbank.dialects.asgi import ClientGone, header, send_json, while_connected
from fogbank.dialects.exchange import exchange
from fogbank.dialects.guard import secret_of
from fogbank.dialects.services import Services
from fogbank.dialects.workers_ai.run import send_error
from fogbank.errors import AIError, RouteError, authentication_error
from fogbank.runtime.context import Context
from fogbank.settings import words
from fogbank.storage.gateway_logs import GatewayLogs
from fogbank.storage.response_cache import ResponseCache

ACCOUNT = r"[0-9a-fA-F]{32}"
ROOT = re.compile(rf"/v1/({ACCOUNT})/([^/]+)(?:/(.*))?")
BY_HEADER = re.compile(rf"/client/v4/accounts/({ACCOUNT})/ai/(run(?:/.*)?|v1/.+)")
HEADER = b"cf-aig-gateway-id"
MAX_MIB_OF_STRANGERS = 1
"""MiB of a body whose key, if there is one, is in it: anybody can send those."""
NOT_SET_UP = {
    "success": False,
    "result": [],
    "messages": [],
    "error": [{"code": 2001, "message": "Please configure AI Gateway in the Cloudflare dashboard"}],
}
CHAT_BAD_FORMAT = {
    "success": False,
    "result": [],
    "messages": [],
    "error": [{"code": 2019, "message": "Chat completion bad format"}],
}


class GatewayDoor:
    """A layer in front of the dialects: gateway requests are taken apart here, others pass."""

    def __init__(self, services: Services, logs: GatewayLogs, app: ASGIApp) -> None:
        settings = services.settings
        cache = ResponseCache(settings.cache_bytes, services.clock.monotonic)
        self._gateway = Gateway(services.runtime, cache, logs)
        self._services = services
        room = min(MAX_MIB_OF_STRANGERS, settings.max_body_mib)
        self._of_strangers = settings.model_copy(update={"max_body_mib": room})
        self._app = app
        self._names = words(settings.gateways)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "POST":
            path = scope["path"]
            if path.startswith("/v1/") and (found := ROOT.fullmatch(path)):
                account, gateway, rest = found.groups()
                await self.answer(account, gateway, rest or "", scope, receive, send)
                return
            gateway = header(scope, HEADER)
            if gateway and (found := BY_HEADER.fullmatch(path)):
                rest = f"{WORKERS_AI}/{found[2]}"
                await self.answer(found[1], gateway, rest, scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def answer(
        self, account: str, gateway: str, rest: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Answers what was asked of a gateway; `rest` is the path below `/v1/{account}/{name}`."""
        context = intake.context(scope, self._services.settings, dialect="ai_gateway")

        # A universal request may bring its keys in its steps, past the guard.
        keyless = scope.get("state", {}).get("keyless") is True

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        noted = noting(context, send)

        async def work() -> None:
            if not self.serves(gateway):
                await send_json(noted, 400, NOT_SET_UP)
                return
            settings = self._of_strangers if keyless else self._services.settings
            with self._services.runtime.metrics.refusals():
                body = await intake.body(scope, receive, settings)
                steps = self._steps(account, rest, scope, body)
            if steps is None:
                await send_json(noted, 400, CHAT_BAD_FORMAT)
                return
            key_of = self._key_of_step if keyless else None
            await self.forward(account, gateway, steps, context, scope, receive, noted, key_of)

        await exchange(context, f"{gateway}/{rest}", work(), refuse)

    def serves(self, gateway: str) -> bool:
        """Whether there is a gateway of this name (setting `gateways`)."""
        return not self._names or gateway.lower() in self._names

    async def forward(
        self,
        account: str,
        gateway: str,
        steps: list[Step],
        context: Context,
        scope: Scope,
        receive: Receive,
        send: Send,
        key_of: Callable[[Step], str] | None = None,
    ) -> None:
        """Answers with what the steps give; by default all are made with the request's key.

        Raises AIError, RouteError and ClientGone.
        """
        request = GatewayRequest(
            account=account,
            gateway=gateway,
            key_of=key_of or (lambda step: context.key),
            ends=time.monotonic() + context.deadline,
            scope=scope,
            app=self._app,
        )
        if not await while_connected(receive, self._gateway.answer(request, steps, send)):
            raise ClientGone

    def _key_of_step(self, step: Step) -> str:
        headers = [(name.encode(), value.encode()) for name, value in step.headers.items()]
        secret = secret_of({"headers": headers})
        name = self._services.keys.check(secret) if secret else None
        if name is None:
            raise authentication_error()
        return name

    def _steps(self, account: str, rest: str, scope: Scope, body: bytes) -> list[Step] | None:
        """None for a body that is no chat completion where one must be (contract 2.4)."""
        catalog = self._services.runtime.catalog
        options = from_headers(headers_by_name(scope), self._services.settings)
        provider, _, endpoint = rest.strip("/").partition("/")
        if not provider:
            try:
                items = orjson.loads(body)
            except orjson.JSONDecodeError:
                raise AIError(errors.INVALID_INPUT, detail="the body is not JSON") from None
            return universal_steps(catalog, account, items, options)
        if provider == "compat":
            endpoint = f"v1/{endpoint}"
        step = make_step(catalog, account, endpoint, body, options, provider=provider)
        chat = provider == "compat" and endpoint.rstrip("/") == "v1/chat/completions"
        return None if chat and not _is_chat(step.data) else [step]


def noting(context: Context, send: Send) -> Send:
    """`send`, which tells the context what status was sent."""

    async def noted(message: Message) -> None:
        context.status = message.get("status", context.status)
        await send(message)

    return noted


def _is_chat(data: Any) -> bool:
    if not isinstance(data, dict):
        return False
    return isinstance(data.get("model"), str) and isinstance(data.get("messages"), list)


def headers_by_name(scope: Scope) -> dict[str, str]:
    """The request's headers by lower-case name, the first of each."""
    return {str(key, "latin-1"): str(value, "latin-1") for key, value in reversed(scope["headers"])}
