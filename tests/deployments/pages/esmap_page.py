"""ESMAP's page in front of an API that answers from `answers`: no model, no engine."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.pages import Pages
from fogbank.deployments.web import Json, application
from tests.deployments.pages.answers import ANSWERS, card

HEALTH = {
    "status": "healthy",
    "timestamp": "2026-11-21T00:00:00.000Z",
    "checks": {
        "ai_binding": {"status": "healthy", "message": "2 engines are ready"},
        "models": {"status": "healthy", "available": 8, "message": "8 of 8"},
        "database": {"status": "healthy", "message": "answers"},
        "cache": {"status": "healthy", "message": "answers"},
    },
}
METRICS = {
    "timestamp": "2026-11-21T00:00:00.000Z",
    "inference": {
        "total_requests": 12345,
        "cached_requests": 678,
        "average_latency_ms": 21.5,
        "p95_latency_ms": 48.25,
        "p99_latency_ms": 80.0,
    },
    "models": {"active": 8, "total_invocations": 99999},
    "errors": {"total": 3, "rate": 0.0003},
    "window": {"seconds": 3600.0, "source": "database"},
}
NOT_FOUND: dict[str, Any] = {"success": False, "error": "Endpoint not found"}


class EsmapPage:
    """`asked` is what came to POST /inference; `answers` are status and body by model.

    `mount` is where it is found; empty at a host or a port of its own.
    """

    def __init__(self, *, admitted: bool = True, mount: str = "/esmap") -> None:
        self._mount = mount
        cards = [card(kind, given, id=name) for name, (kind, given, _) in ANSWERS.items()]
        self.served_by = ""
        self.asked: list[Any] = []
        self.answers: dict[str, tuple[int, Any]] = {
            name: (200, whole) for name, (_, _, whole) in ANSWERS.items()
        }
        self._admitted = admitted
        self.active = Active(cards)
        pages = Pages(self.active)
        routes = [
            Route("/", pages.root, methods=["GET"]),
            Route("/inference", self._inference, methods=["POST"]),
            Route("/health", self._health, methods=["GET"]),
            Route("/metrics", self._metrics, methods=["GET"]),
            *pages.routes,
        ]
        self._app: ASGIApp = application(routes, not_found=NOT_FOUND, wrong_method=NOT_FOUND)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As `Mounts` calls a deployment."""
        path = scope["path"]
        if not path.startswith(self._mount):
            await Json(NOT_FOUND, 404)(scope, receive, send)
            return
        path = self._mount + (path.removeprefix(self._mount) or "/")
        state = {"admitted": True} if self._admitted else {}
        known = {"root_path": self._mount, "path": path, "state": state}
        await self._app({**scope, **known}, receive, send)

    async def _inference(self, request: Request) -> Json:
        asked = orjson.loads(await request.body())
        self.asked.append(asked)
        status, body = self.answers[asked["modelId"]]
        named = {"x-fogbank-served-by": self.served_by} if self.served_by else None
        return Json(body, status, named)

    async def _health(self, request: Request) -> Json:
        return Json(HEALTH)

    async def _metrics(self, request: Request) -> Json:
        return Json(METRICS)
