"""Gateway logs over REST: `/client/v4/accounts/{id}/ai-gateway/gateways/{gateway}/logs`.

The paths and fields of the public API; what `getLog` and `patchLog` of the binding read and write
too (contract 6.1).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank import errors
from fogbank.dialects import intake
from fogbank.dialects.ai_gateway.options import metadata
from fogbank.dialects.ai_gateway.step import tenant
from fogbank.dialects.asgi import send_json
from fogbank.dialects.exchange import exchange
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.api import check_account
from fogbank.dialects.workers_ai.run import envelope, send_error
from fogbank.errors import AIError, RouteError
from fogbank.storage.gateway_logs import GatewayLogs

PATH = "/client/v4/accounts/{account_id}/ai-gateway/gateways/{gateway}/logs"
MAX_PER_PAGE = 50
CHANGEABLE = ("feedback", "score", "metadata")


def log_routes(services: Services, logs: GatewayLogs) -> Iterable[Route]:
    """List, read and rate."""
    endpoint = LogsEndpoint(services, logs)
    yield route(PATH, endpoint.list, "GET")
    yield route(PATH + "/{log_id}", endpoint.one, "GET", "PATCH")


def unknown_log(log_id: str) -> RouteError:
    """No such log in this gateway (contract 2.4)."""
    return RouteError(404, (7002, f"Log not found: {log_id[:200]}"))


def changes_of(data: Any) -> dict[str, Any]:
    """What a patch may change: feedback -1, 0 or 1, score 0 to 100, metadata.

    Raises AIError (8001) for other values.
    """
    if not isinstance(data, dict):
        raise AIError(errors.INVALID_INPUT, detail="the body must be an object")
    tests: dict[str, Callable[[Any], bool]] = {
        "feedback": lambda value: value in (-1, 0, 1) and not isinstance(value, bool),
        "score": lambda value: type(value) in (int, float) and 0 <= value <= 100,
    }
    for name, value in data.items():
        if name in tests and value is not None and not tests[name](value):
            raise AIError(errors.INVALID_INPUT, detail=f"'{name}' cannot be {value!r:.100}")
    changes = {name: value for name, value in data.items() if name in CHANGEABLE}
    if changes.get("metadata") is not None:
        changes["metadata"] = metadata(changes["metadata"], "metadata")
    return changes


def in_path(scope: Scope) -> str:
    """The account that the path names."""
    account: str = scope["path_params"]["account_id"]
    return account


class LogsEndpoint:
    """The logs of one gateway. `account` tells of a request whose they are."""

    def __init__(
        self, services: Services, logs: GatewayLogs, account: Callable[[Scope], str] = in_path
    ) -> None:
        self._settings = services.settings
        self._logs = logs
        self._account = account

    async def list(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page, newest first."""
        await self._exchange(scope, receive, send, self._list)

    async def one(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One log, read or changed."""
        work = self._read if scope["method"] in ("GET", "HEAD") else self._patch
        await self._exchange(scope, receive, send, work)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send, work: ASGIApp) -> None:
        context = intake.context(scope, self._settings, dialect="ai_gateway")

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        async def checked() -> None:
            check_account(scope)
            await work(scope, receive, send)

        await exchange(context, "gateway logs", checked(), refuse)

    async def _list(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = parse_qs(scope["query_string"].decode("latin-1"))
        page = _count(query, "page", 1, None)
        per_page = _count(query, "per_page", 20, MAX_PER_PAGE)
        logs, total = await self._logs.page(*self._place(scope), page, per_page)
        info = {"page": page, "per_page": per_page, "count": len(logs), "total_count": total}
        body = {**envelope([log.as_json() for log in logs]), "result_info": info}
        await send_json(send, 200, body)

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        log_id = scope["path_params"]["log_id"]
        log = await self._logs.get(*self._place(scope), log_id)
        if log is None:
            raise unknown_log(log_id)
        await send_json(send, 200, envelope(log.as_json()))

    async def _patch(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await intake.body(scope, receive, self._settings)
        try:
            changes = changes_of(orjson.loads(body))
        except orjson.JSONDecodeError:
            raise AIError(errors.INVALID_INPUT, detail="the body is not JSON") from None
        log_id = scope["path_params"]["log_id"]
        if not await self._logs.patch(*self._place(scope), log_id, changes):
            raise unknown_log(log_id)
        await send_json(send, 200, envelope({}))

    def _place(self, scope: Scope) -> tuple[str, str]:
        key = scope.get("state", {}).get("key")
        return tenant(self._account(scope), key), scope["path_params"]["gateway"]


def _count(query: Mapping[str, list[str]], name: str, default: int, most: int | None) -> int:
    text = query.get(name, [str(default)])[0]
    if not text.isascii() or not text.isdigit() or not int(text[:9]) >= 1:
        raise AIError(errors.INVALID_INPUT, detail=f"'{name}' must be 1 or more")
    value = int(text[:9])
    return value if most is None else min(value, most)
