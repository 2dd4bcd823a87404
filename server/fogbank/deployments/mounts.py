"""Finds the deployment that a request is for: by port, host name, or the start of its path."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank.deployments.description import Description
from fogbank.deployments.web import Cors, Json
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
        self._hosts = {host.lower().strip("[]"): m for m in mounts for host in m.description.hosts}
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
            # A page may read why, as it may read every answer.
            shared = mount.app.shared(send) if isinstance(mount.app, Cors) else send
            await _refuse(scope, receive, shared, error)
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
        """Notes in `scope["state"]["admitted"]` whether a page may show more than its forms."""
        if scope["method"] == "OPTIONS":  # a preflight never has a key
            return
        protected = any(path == p or path.startswith(f"{p}/") for p in description.protected)
        if not description.public or protected:
            if scope["method"] == "GET" and path.startswith("/static/"):
                return
            try:
                self._admit(scope)
            except RouteError:
                # A page holds nothing but forms; what they ask for needs the key.
                if scope["method"] == "GET" and _wants_page(scope, path):
                    return
                raise
        scope.setdefault("state", {})["admitted"] = True


def _wants_page(scope: Scope, path: str) -> bool:
    return path == "/" and any(
        name == b"accept" and b"text/html" in value for name, value in scope["headers"]
    )


def _host(scope: Scope) -> str:
    """The name in `Host`, lower-cased, without a port; an IPv6 address keeps no brackets."""
    for name, value in scope["headers"]:
        if name == b"host":
            try:
                return urlsplit("//" + str(value, "latin-1")).hostname or ""
            except ValueError:
                return ""
    return ""


async def _refuse(scope: Scope, receive: Receive, send: Send, error: RouteError) -> None:
    code, message = error.errors[-1]
    body = {"success": False, "error": message, "code": code}
    await Json(body, error.status)(scope, receive, send)
