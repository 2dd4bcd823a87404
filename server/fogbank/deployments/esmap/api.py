"""ESMAP over HTTP, as clients of the old Worker know it (deployments.md, A)."""

from collections.abc import Awaitable, Callable, Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from fogbank.deployments.esmap import answers
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.card import described, listed
from fogbank.deployments.esmap.health import Health
from fogbank.deployments.esmap.inference_api import InferenceApi
from fogbank.deployments.esmap.usage import UsageReport
from fogbank.deployments.web import ANY_METHOD, Cors, Json, application, wants_page

VERSION = "1.0.0"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
}
ROOT = {
    "service": answers.NAME,
    "version": VERSION,
    "status": "operational",
    "endpoints": {
        "/models": "List the models",
        "/models/{modelId}": "What a model takes, gives and is worth",
        "/inference": "One inference (POST)",
        "/inference/batch": "Up to ten inferences of one model (POST)",
        "/health": "Health check",
        "/metrics": "Counts and latencies",
    },
}
Page = Callable[[Request], Awaitable[Response]]


class Api:
    """The routes. `app` is what is mounted.

    `page` answers GET / for a browser; `further` are routes of other parts, such as /admin.
    """

    def __init__(
        self,
        active: Active,
        inference: InferenceApi,
        health: Health,
        usage: UsageReport,
        *,
        page: Page | None = None,
        further: Sequence[BaseRoute] = (),
    ) -> None:
        self._active = active
        self._health = health
        self._usage = usage
        self._page = page
        routes = [
            Route("/", self._root, methods=ANY_METHOD),
            Route("/models", self._models, methods=["GET"]),
            Route("/models/{model_id}", self._model, methods=["GET"]),
            Route("/inference", inference.run, methods=["POST"]),
            Route("/inference/batch", inference.batch, methods=["POST"]),
            Route("/health", self._healthy, methods=["GET"]),
            Route("/metrics", self._metrics, methods=["GET"]),
            *further,
        ]
        app = application(routes, not_found=answers.NO_ENDPOINT, wrong_method=answers.WRONG_METHOD)
        self.app: ASGIApp = Cors(app, CORS, b"application/json")

    async def _root(self, request: Request) -> Response:
        if self._page is not None and request.method == "GET" and wants_page(request):
            return await self._page(request)
        return Json(ROOT)

    async def _models(self, request: Request) -> Json:
        models = [listed(card) for card in self._active.cards.values()]
        return Json({"success": True, "models": models, "count": len(models)})

    async def _model(self, request: Request) -> Json:
        card = self._active.cards.get(request.path_params["model_id"])
        if card is None:
            return Json(answers.NO_MODEL, 404)
        loaded = self._active.get(card.id)
        version = card.version if loaded is None else loaded.version
        endpoints = {"inference": "/inference", "batch": "/inference/batch"}
        return Json({"success": True, "model": described(card, endpoints, version)})

    async def _healthy(self, request: Request) -> Json:
        return Json(await self._health.report())

    async def _metrics(self, request: Request) -> Json:
        return Json(await self._usage.report())
