"""ESMAP over HTTP, as clients of the old Worker know it (deployments.md, A)."""

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route
from starlette.types import ASGIApp

from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.card import described, listed
from fogbank.deployments.esmap.inference import Inference, UnknownModel
from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.web import Cors, Json

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
}


class Api:
    """The routes. `app` is what is mounted."""

    def __init__(self, active: Active, inference: Inference) -> None:
        self._active = active
        self._inference = inference
        routes = [
            Route("/models", self._models, methods=["GET"]),
            Route("/models/{model_id}", self._model, methods=["GET"]),
            Route("/inference", self._run, methods=["POST"]),
        ]
        self.app: ASGIApp = Cors(Starlette(routes=routes), CORS, b"application/json")

    async def _models(self, request: Request) -> Json:
        models = [listed(card) for card in self._active.cards.values()]
        return Json({"success": True, "models": models, "count": len(models)})

    async def _model(self, request: Request) -> Json:
        card = self._active.cards.get(request.path_params["model_id"])
        if card is None:
            return Json({"success": False, "error": "Model not found"}, 404)
        endpoints = {"inference": "/inference", "batch": "/inference/batch"}
        return Json({"success": True, "model": described(card, endpoints, card.version)})

    async def _run(self, request: Request) -> Json:
        asked = orjson.loads(await request.body())
        try:
            result = await self._inference.run(
                asked["modelId"], asked.get("input"), asked.get("options") or {}
            )
        except UnknownModel:
            return Json({"success": False}, 404)
        except InvalidInput as error:
            return Json({"success": False, "details": {"message": str(error)}}, 400)
        return Json({"success": True, "result": result, "cached": False})
