"""Finds the deployment that a request is for: by port, host name, or the start of its path."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fogbank.deployments.description import Description
from fogbank.errors import RouteError

Admit = Callable[[Scope], None]
"""Raises RouteError for a request that may not come in."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One deployment and where it is."""

    description: Description
    app: ASGIApp


class Mounts:
    """In front of the server's own routes; what is for no deployment passes.

    CORS is the deployments' own: every answer may be read by every page (deployments.md). Which
    pages may ask is up to `admit`, unless a deployment is public.
    """

    def __init__(self, mounts: Sequence[Mount], admit: Admit, app: ASGIApp) -> None:
        self._admit = admit
        self._app = app
        self._ports = {m.description.port: m for m in mounts if m.description.port}
        self._hosts = {host.lower(): m for m in mounts for host in m.description.hosts}
        by_length = sorted(mounts, key=lambda m: len(m.description.mount or ""), reverse=True)
        self._prefixes = [(m.description.mount, m) for m in by_length if m.description.mount]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        mount, prefix = found
        path = scope["path"][len(prefix) :] or "/"
        try:
            self._check(mount.description, scope, path)
        except RouteError as error:
            await _refuse(send, error)
            return
        # Starlette takes `root_path` off the path by itself.
        scope = {**scope, "root_path": scope.get("root_path", "") + prefix, "path": prefix + path}
        await mount.app(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[Mount, str] | None:
        if self._ports and (mount := self._ports.get((scope.get("server") or ("", 0))[1])):
            return mount, ""
        if self._hosts and (mount := self._hosts.get(_host(scope))):
            return mount, ""
        path = scope["path"]
        for prefix, mount in self._prefixes:
            if path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/"):
                return mount, prefix
        return None

    def _check(self, description: Description, scope: Scope, path: str) -> None:
        if scope["method"] == "OPTIONS":  # a preflight never has a key
            return
        protected = any(path == p or path.startswith(f"{p}/") for p in description.protected)
        if description.public and not protected:
            return
        if scope["method"] == "GET" and (path.startswith("/static/") or _wants_page(scope, path)):
            return  # a page holds nothing but forms; what they ask for needs the key
        self._admit(scope)


def _wants_page(scope: Scope, path: str) -> bool:
    return path == "/" and any(
        name == b"accept" and b"text/html" in value for name, value in scope["headers"]
    )


def _host(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"host":
            return str(value, "latin-1").rpartition(":")[0].lower() or str(value, "latin-1").lower()
    return ""


async def _refuse(send: Send, error: RouteError) -> None:
    code, message = error.errors[-1]
    body = orjson.dumps({"success": False, "error": message, "code": code})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"access-control-allow-origin", b"*"),
    ]
    start: Message = {"type": "http.response.start", "status": error.status, "headers": headers}
    await send(start)
    await send({"type": "http.response.body", "body": body})
