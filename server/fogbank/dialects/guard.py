"""The door: who may call at all. Plain ASGI, in front of every route.

Without keys (loopback only) a web page of any site could use this server through a visitor's
browser, so `Host` must be a name of this server and `Origin` one that is allowed (decisions.md 15).
With keys every route but the health checks asks for one (contract 2.4), and `Origin` only decides
whether the page may read the answer (CORS).
"""

import re
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank.dialects.asgi import header
from fogbank.dialects.cors import answer_preflight, is_preflight, shared_with
from fogbank.dialects.front_door import FrontDoor
from fogbank.errors import RouteError, authentication_error
from fogbank.settings import Settings, words
from fogbank.storage.keys import KeyStore

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
BINDING_HOST = "workers-binding.ai"
UNIVERSAL = re.compile(r"/v1/[0-9a-fA-F]{32}/[^/]+/?")
"""A gateway's universal endpoint: its steps may bring a key each, which the gateway checks then."""
OPEN_PATHS = frozenset({"/health/live", "/health/ready"})


class Guard:
    """Wraps the application. The name of the key that was used goes to `scope["state"]["key"]`."""

    def __init__(self, app: ASGIApp, settings: Settings, keys: KeyStore, door: FrontDoor) -> None:
        self.app = app
        self._keys = keys
        self._door = door
        self._hosts = LOCAL_NAMES | {settings.host, BINDING_HOST} | words(settings.allowed_hosts)
        self._origins = words(settings.allowed_origins)
        self._fixed = _asks(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = header(scope, b"origin")
        preflight = False
        if origin is not None and self._known(origin):
            send = shared_with(origin, send)
            preflight = is_preflight(scope)
        try:
            self.check(scope, preflight)
        except RouteError as error:
            await self._door.refuse(scope, send, error)
            return
        if preflight:
            await answer_preflight(scope, send)
        else:
            await self.app(scope, receive, send)

    @property
    def asks_for_keys(self) -> bool:
        """Whether a request needs a key now."""
        if self._fixed is not None:
            return self._fixed
        return self._keys.exist()

    def _known(self, origin: str) -> bool:
        """Whether pages of this origin may use the server; `*` counts where keys are asked for."""
        if origin.lower() in self._origins:
            return True
        return "*" in self._origins if self.asks_for_keys else host_name(origin) in LOCAL_NAMES

    def check(self, scope: Scope, preflight: bool = False) -> None:
        """Raises RouteError for a request that may not come in.

        A preflight never has a key; the request that follows it needs one.
        """
        if scope["path"] in OPEN_PATHS:
            return
        if not self.asks_for_keys:
            self._check_host(scope)
            self._check_origin(scope)
            return
        if preflight:
            return
        secret = secret_of(scope)
        if secret is None and scope["method"] == "POST" and UNIVERSAL.fullmatch(scope["path"]):
            scope.setdefault("state", {})["keyless"] = True
            return
        name = self._keys.check(secret) if secret else None
        if name is None:
            raise authentication_error()
        scope.setdefault("state", {})["key"] = name

    def _check_host(self, scope: Scope) -> None:
        host = header(scope, b"host")
        name = host_name(f"//{host}") if host else None
        if name not in self._hosts:
            raise RouteError(
                403,
                (
                    10000,
                    f"Authentication error: this server has no key and is not known as {name!r}."
                    " Add the name to FOGBANK_ALLOWED_HOSTS, or create a key with"
                    " 'fogbank keys create NAME'.",
                ),
            )

    def _check_origin(self, scope: Scope) -> None:
        origin = header(scope, b"origin")
        if origin is not None and not self._known(origin):
            raise RouteError(
                403,
                (
                    10000,
                    f"Authentication error: this server has no key and the origin {origin!r} is"
                    " not allowed. Add it to FOGBANK_ALLOWED_ORIGINS.",
                ),
            )


def _asks(settings: Settings) -> bool | None:
    """Whether keys are asked for, where that does not depend on whether there are any."""
    if not settings.loopback or settings.keys == "always":
        return True
    return False if settings.keys == "never" else None


def secret_of(scope: Scope) -> str | None:
    """The API key among the headers, in any of the forms that clients send it in."""
    scheme, _, value = (header(scope, b"authorization") or "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    if gateway := header(scope, b"cf-aig-authorization"):
        return gateway.rpartition(" ")[2].strip() or None
    for name in (b"x-auth-user-service-key", b"x-auth-key", b"x-api-key"):
        if secret := header(scope, name):
            return secret
    return None


def host_name(url: str) -> str | None:
    """The host in a URL, or after `//`; None where there is none to be read."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
