"""Two forms in which a tool wraps the binding's request, taken off before anything reads it.

Miniflare calls any path with the real URL in `MF-URL` and the real headers as `MF-Header-*`
(binding.md 2.D). wrangler up to 4.44 calls `/client/v4/accounts/{account_id}/ai/run/proxy` with the
real URL in `X-Forwarded` (2.F). Without one the request is as the binding made it.

The door stands before the guard, which must see the real `Authorization`. What the guard judges a
browser by, `Host` and `Origin`, stays as it was sent: a page cannot wrap other values.
"""

import re
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank.dialects.asgi import Headers
from fogbank.dialects.binding.caller import ACCOUNT
from fogbank.dialects.front_door import FrontDoor
from fogbank.dialects.guard import BINDING_HOST
from fogbank.dialects.workers_ai.run import ACCOUNT as ACCOUNT_ID
from fogbank.errors import RouteError, account_error

URL = b"mf-url"
PREFIX = b"mf-header-"
FORWARDED = b"x-forwarded"
UPGRADE = b"upgrade"
SIGNS = frozenset({URL, FORWARDED, UPGRADE})
PROXY = re.compile("/client/v4/accounts/([^/]+)/ai/run/proxy/?")
OF_CONNECTION = frozenset(
    {
        b"host",
        b"origin",
        b"connection",
        b"content-length",
        b"transfer-encoding",
        b"access-control-request-headers",
        b"access-control-request-method",
    }
)
"""Headers that are true of the connection itself, whatever Miniflare wraps."""
KEPT = OF_CONNECTION | {b"authorization"}
STUB_QUERY = b"MF-Binding=AI"
"""Of the connection that Miniflare opens beside every call; being refused harms nothing."""
SOCKETS = frozenset({"/", "/run", "/ai-gateway/run"})
"""Where the binding asks for a WebSocket."""


class BindingDoor:
    """Wraps the guard."""

    def __init__(self, app: ASGIApp, door: FrontDoor) -> None:
        self._app = app
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            signs = {name: value for name, value in scope["headers"] if name in SIGNS}
            if signs:
                try:
                    scope = unwrapped(scope, signs)
                except RouteError as error:
                    await self._door.refuse(scope, send, error)
                    return
                if signs.get(UPGRADE, b"").lower() == b"websocket" and scope["path"] in SOCKETS:
                    await self._refuse_upgrade(scope, send)
                    return
        await self._app(scope, receive, send)

    async def _refuse_upgrade(self, scope: Scope, send: Send) -> None:
        """As recorded for a model without WebSocket: a bare 400 without a request id."""
        if STUB_QUERY not in scope["query_string"]:
            self._door.note(scope, RouteError(400, (7003, "no model here has a WebSocket")))
        headers = [(b"content-length", b"0"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def unwrapped(scope: Scope, signs: dict[bytes, bytes]) -> Scope:
    """The request as the binding made it. Raises RouteError for another host than the binding's."""
    if URL in signs:
        return {**scope, **_target("MF-URL", signs[URL]), "headers": _headers(scope["headers"])}
    if FORWARDED in signs and (found := PROXY.fullmatch(scope["path"])):
        if not ACCOUNT_ID.fullmatch(found[1]):
            raise account_error(scope["path"])
        headers = [pair for pair in scope["headers"] if pair[0] != FORWARDED]
        state = {**scope.get("state", {}), ACCOUNT: found[1]}
        target = _target("X-Forwarded", signs[FORWARDED])
        return {**scope, **target, "headers": headers, "state": state}
    return scope


def _headers(sent: Headers) -> Headers:
    """Plain ones first: of two keys, the tool's counts before the Worker's."""
    kept = [pair for pair in sent if pair[0] in KEPT]
    wrapped = [(name[len(PREFIX) :], value) for name, value in sent if name.startswith(PREFIX)]
    return kept + [pair for pair in wrapped if pair[0] not in OF_CONNECTION]


def _target(name: str, value: bytes) -> dict[str, object]:
    """Path and query as a server would read them of the request line."""
    url = str(value, "latin-1")
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if host != BINDING_HOST or not url.isascii():
        raise RouteError(
            400,
            (
                7003,
                f"Could not route to {url[:200]!r}: nothing leaves this machine, so {name} may"
                f" name https://{BINDING_HOST}/... only.",
            ),
        )
    path = parts.path or "/"
    return {"path": unquote(path), "raw_path": path.encode(), "query_string": parts.query.encode()}
