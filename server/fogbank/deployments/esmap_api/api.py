"""The API over HTTP, as its clients know it (deployments.md, B)."""

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from fogbank.clock import Clock
from fogbank.deployments.esmap import answers
from fogbank.deployments.esmap.api import CORS, Page
from fogbank.deployments.esmap.card import listed
from fogbank.deployments.esmap.inference_api import key_of, served_by, told
from fogbank.deployments.esmap.requests import object_of
from fogbank.deployments.esmap.service import Esmap
from fogbank.deployments.esmap_api.analysis import Analysis, analyses
from fogbank.deployments.esmap_api.forecast import features_of
from fogbank.deployments.esmap_api.options import Options
from fogbank.deployments.esmap_api.recommendations import recommendations
from fogbank.deployments.web import (
    ANY_METHOD,
    Cors,
    Json,
    application,
    timestamp,
    wants_page,
    while_connected,
)

ROOT = {
    "service": "ESMAP AI API",
    "version": "1.0.0",
    "endpoints": [
        "/api/v1/ai - AI models and inference endpoints",
        "/api/v1/ai/models - The models",
        "/api/v1/ai/inference - One inference (POST)",
        "/api/v1/ai/analyze-text - Classification, entities and summary of a text (POST)",
        "/api/v1/ai/forecast - Renewable generation ahead (POST)",
    ],
}
ENDPOINTS = {
    "inference": "/api/v1/ai/inference",
    "analyzeText": "/api/v1/ai/analyze-text",
    "forecast": "/api/v1/ai/forecast",
}
NO_ENDPOINT = {
    "success": False,
    "error": "Endpoint not found",
    "available": ["/ai/models", "/ai/inference", "/ai/analyze-text", "/ai/forecast"],
}
NO_TEXT = {"success": False, "error": "Text is required"}


class Api:
    """The routes. `app` is what is mounted.

    `page` answers GET / for a browser; `further` are routes of other parts, such as the page's.
    """

    def __init__(
        self,
        esmap: Esmap,
        options: Options,
        clock: Clock,
        *,
        page: Page | None = None,
        further: Sequence[BaseRoute] = (),
    ) -> None:
        self._page = page
        self._esmap = esmap
        self._options = options
        self._clock = clock
        self._analysis = Analysis(esmap.inference, options)
        base = "/api/v1/ai"
        routes = [
            Route("/", self._root, methods=ANY_METHOD),
            Route(base, self._models, methods=["GET"]),
            Route(f"{base}/models", self._models, methods=["GET"]),
            Route(f"{base}/inference", esmap.api.run, methods=["POST"]),
            Route(f"{base}/analyze-text", self._analyze, methods=["POST"]),
            Route(f"{base}/forecast", self._forecast, methods=["POST"]),
            *further,
        ]
        app = application(routes, not_found=NO_ENDPOINT, wrong_method=answers.WRONG_METHOD)
        self.app: ASGIApp = Cors(app, CORS, b"application/json")

    async def _root(self, request: Request) -> Response:
        if self._page is not None and request.method == "GET" and wants_page(request):
            return await self._page(request)
        return Json(ROOT)

    async def _models(self, request: Request) -> Json:
        models = [listed(card) for card in self._esmap.active.cards.values()]
        return Json({"success": True, "models": models, "endpoints": ENDPOINTS})

    async def _analyze(self, request: Request) -> Json:
        return await told(self._analyzed(request))

    async def _forecast(self, request: Request) -> Json:
        return await told(self._forecasted(request))

    async def _analyzed(self, request: Request) -> Json:
        asked = object_of(await self._esmap.api.read(request))
        text = asked.get("text")
        if not isinstance(text, str) or not text.strip():
            return Json(NO_TEXT, 400)
        kinds = self._analysis.kinds(text, asked.get("analysis_type"))
        work = self._analysis.run(text, kinds, key_of(request))
        done, found = await while_connected(request, work)
        content = {
            "success": True,
            "text_length": len(text),
            "analyses": analyses(found),
            "recommendations": recommendations(found),
        }
        return Json(content, headers=served_by(*done.values()))

    async def _forecasted(self, request: Request) -> Json:
        asked = object_of(await self._esmap.api.read(request))
        features = features_of(asked)
        model = self._options.forecast
        work = self._esmap.inference.run(model, {"features": features}, {}, key=key_of(request))
        done = await while_connected(request, work)
        content: dict[str, Any] = {
            "success": True,
            "type": features["type"],
            "location": asked.get("location"),
            "forecast": orjson.Fragment(done.result),
            "metadata": {
                "model": model,
                "timestamp": timestamp(self._clock.now()),
                "input_features": list(features),
            },
        }
        return Json(content, headers=served_by(done))
