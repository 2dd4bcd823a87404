"""ESMAP's page for people: a form for each model, its result, and how the service is doing.

A client of the API beside it (`inner`): it computes nothing of its own.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.pages_views import View, view
from fogbank.deployments.pages.environment import environment
from fogbank.deployments.pages.fields import Group, form
from fogbank.deployments.pages.inner import ask
from fogbank.deployments.pages.page import FRAGMENT, admitted, page, root_of
from fogbank.deployments.pages.reading import blame, fill, mistakes, typed, value_of
from fogbank.deployments.pages.static import STATIC_ROUTE
from fogbank.deployments.web import BodyTooLarge, Json

TITLE = "ESMAP AI Models"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a posted form: a view, or the words that say why there is none."""

    status: int
    view: View | None = None
    message: str = ""


class Pages:
    """`root` is the page itself; `routes` are its forms, its status and its files."""

    def __init__(self, active: Active) -> None:
        self._active = active
        self._templates = environment(Path(__file__).parent / "templates")
        self.routes = [
            STATIC_ROUTE,
            Route("/page/status", self._status, methods=["GET"]),
            Route("/page/{model_id}", self._back, methods=["GET"]),
            Route("/page/{model_id}", self._posted, methods=["POST"]),
        ]

    async def root(self, request: Request) -> Response:
        """GET / for a browser; `?model=` chooses the form."""
        card = self._card(request.query_params.get("model"))
        fields = form(card.example_input, card.card.inputs)
        return await self._page(request, card, fields, Outcome(200))

    async def _back(self, request: Request) -> Response:
        """The address of a posted form, opened anew."""
        card = self._card(request.path_params["model_id"])
        return RedirectResponse(f"{root_of(request)}/?model={card.id}", 303)

    async def _status(self, request: Request) -> Response:
        context = await self._overview(request)
        return await page(self._templates, request, "overview.html", context)

    async def _posted(self, request: Request) -> Response:
        card = self._active.cards.get(request.path_params["model_id"])
        if card is None:
            return Json({"success": False, "error": "Model not found"}, 404)
        fields = form(card.example_input, card.card.inputs)
        try:
            texts = await typed(request)
        except (BodyTooLarge, ValueError):
            outcome = Outcome(413, message="The form holds more than this page takes.")
            return await self._page(request, card, fields, outcome)
        fill(fields, texts)
        outcome = await self._asked(request, card, fields)
        return await self._page(request, card, fields, outcome)

    async def _asked(self, request: Request, card: ModelCard, fields: Group) -> Outcome:
        input = value_of(fields)
        if mistakes(fields):
            return Outcome(400)
        answer = await ask(request, "POST", "/inference", {"modelId": card.id, "input": input})
        if answer.status == 200 and answer.data.get("success"):
            shown = await asyncio.to_thread(view, card, input, answer.data, answer.served_by)
            return Outcome(200, shown)
        message = said(answer.data)
        if answer.status == 400 and blame(fields, message):
            return Outcome(400)
        return Outcome(answer.status, message=message)

    async def _page(
        self, request: Request, card: ModelCard, fields: Group, outcome: Outcome
    ) -> Response:
        partly = FRAGMENT in request.headers
        loaded = self._active.get(card.id)
        context = {
            "title": TITLE,
            "models": list(self._active.cards.values()),
            "card": card,
            "version": loaded.version if loaded else card.version,
            "failure": self._active.failures.get(card.id),
            "form": fields,
            "wrong": mistakes(fields),
            "message": outcome.message,
            "view": outcome.view,
            **({} if partly else await self._overview(request)),
        }
        template = "work.html" if partly else "esmap.html"
        return await page(self._templates, request, template, context, outcome.status)

    async def _overview(self, request: Request) -> dict[str, Any]:
        """Health and metrics, for those who may see them."""
        known: dict[str, Any] = {"count": len(self._active.cards), "health": None}
        if admitted(request):
            health = await ask(request, "GET", "/health")
            metrics = await ask(request, "GET", "/metrics")
            known |= {"health": health.data, "metrics": metrics.data}
        return known

    def _card(self, model_id: str | None) -> ModelCard:
        """The model's card, the first one for an unknown id."""
        cards = self._active.cards
        return cards.get(model_id or "") or next(iter(cards.values()))


def said(data: Mapping[str, Any]) -> str:
    """What an error of the API says, the particular before the general."""
    details = data.get("details")
    if isinstance(details, Mapping) and details.get("message"):
        return str(details["message"])
    return str(data.get("error") or "The request was not answered")
