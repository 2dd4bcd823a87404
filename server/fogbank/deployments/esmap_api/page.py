"""The API's page for people: a text analysed from all sides, and a forecast.

A client of the API beside it (`inner`); results look as on ESMAP's own page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fogbank.deployments.esmap import pages as esmap_pages
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.pages import said
from fogbank.deployments.esmap.pages_views import View, view
from fogbank.deployments.esmap_api.options import Options
from fogbank.deployments.esmap_api.page_form import analysis_form, forecast_form
from fogbank.deployments.pages.environment import environment
from fogbank.deployments.pages.fields import Group
from fogbank.deployments.pages.inner import Answer, ask
from fogbank.deployments.pages.page import FRAGMENT, page, root_of
from fogbank.deployments.pages.reading import blame, fill, mistakes, typed, value_of
from fogbank.deployments.pages.static import STATIC_ROUTE
from fogbank.deployments.web import BodyTooLarge, Json


@dataclass(frozen=True, slots=True)
class Form:
    """One of the API's two questions."""

    id: str
    name: str
    text: str
    button: str
    make: Callable[[], Group]


FORMS = {
    form.id: form
    for form in (
        Form(
            "analyze-text",
            "Analyse a text",
            "Sentiment and topics, entities, and of a long text a summary.",
            "Analyse the text",
            analysis_form,
        ),
        Form(
            "forecast",
            "Forecast generation",
            "Solar, wind or hydro power in the next steps, with intervals.",
            "Forecast",
            forecast_form,
        ),
    )
}


class ApiPage:
    """`root` is the page itself; `routes` are its forms and its files."""

    def __init__(self, active: Active, options: Options) -> None:
        self._active = active
        self._options = options
        here, esmap = Path(__file__).parent, Path(esmap_pages.__file__).parent
        self._templates = environment(here / "templates", esmap / "templates")
        self.routes = [
            STATIC_ROUTE,
            Route("/page/{form}", self._back, methods=["GET"]),
            Route("/page/{form}", self._posted, methods=["POST"]),
        ]

    async def root(self, request: Request) -> Response:
        """GET / for a browser; `?form=` chooses the form."""
        form = FORMS.get(request.query_params.get("form", "")) or FORMS["analyze-text"]
        return await self._page(request, form, form.make())

    async def _back(self, request: Request) -> Response:
        """The address of a posted form, opened anew."""
        form = FORMS.get(request.path_params["form"])
        query = f"?form={form.id}" if form else ""
        return RedirectResponse(f"{root_of(request)}/{query}", 303)

    async def _posted(self, request: Request) -> Response:
        form = FORMS.get(request.path_params["form"])
        if form is None:
            return Json({"success": False, "error": "Endpoint not found"}, 404)
        fields = form.make()
        try:
            fill(fields, await typed(request))
        except (BodyTooLarge, ValueError):
            told = "The form holds more than this page takes."
            return await self._page(request, form, fields, status=413, message=told)
        asked = value_of(fields)
        if mistakes(fields):
            return await self._page(request, form, fields, status=400)
        answer = await ask(request, "POST", f"/api/v1/ai/{form.id}", asked)
        if answer.status == 200:
            return await self._page(request, form, fields, asked=asked, answer=answer)
        told = said(answer.data)
        known = answer.status == 400 and blame(fields, told)
        message = "" if known else told
        return await self._page(request, form, fields, status=answer.status, message=message)

    async def _page(
        self,
        request: Request,
        form: Form,
        fields: Group,
        *,
        status: int = 200,
        message: str = "",
        asked: Mapping[str, Any] | None = None,
        answer: Answer | None = None,
    ) -> Response:
        context = {
            "title": "ESMAP AI API",
            "forms": list(FORMS.values()),
            "chosen": form,
            "form": fields,
            "wrong": mistakes(fields),
            "message": message,
            "answer": answer.data if answer else None,
            "served_by": answer.served_by if answer else "",
            "views": self._views(asked or {}, answer.data) if answer else [],
        }
        template = "work.html" if FRAGMENT in request.headers else "esmap_api.html"
        return await page(self._templates, request, template, context, status)

    def _views(self, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> list[tuple[str, View]]:
        """Title and view of each part of an answer."""
        cards = self._active.cards
        if "forecast" in answer:
            history = asked.get("historical_data", [])
            input = {"features": {"historicalGeneration": history}}
            card = cards[self._options.forecast]
            return [("Forecast", view(card, input, {"result": answer["forecast"]}))]
        return [
            (
                str(part["type"]).capitalize(),
                view(
                    cards[getattr(self._options, part["type"])],
                    {"text": asked.get("text", "")},
                    {"result": part["result"]},
                ),
            )
            for part in answer["analyses"]
        ]
