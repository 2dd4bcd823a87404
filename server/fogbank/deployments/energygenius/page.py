"""EnergyGenius's page for people: a household's form, the progress of its stages, the plans.

A client of the API beside it (`inner`): it computes nothing of its own.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from fogbank.deployments.energygenius.event_stream import EventStream
from fogbank.deployments.energygenius.page_form import recommendation_form
from fogbank.deployments.energygenius.page_result import STAGES, shown
from fogbank.deployments.energygenius.pipeline import Progress
from fogbank.deployments.energygenius.scenarios import Scenario
from fogbank.deployments.pages.environment import environment
from fogbank.deployments.pages.fields import Group
from fogbank.deployments.pages.inner import JSON, STREAM, Answer, Inner, ask, events
from fogbank.deployments.pages.page import FRAGMENT, admitted, page, rendered, root_of
from fogbank.deployments.pages.reading import blame, fill, mistakes, typed, value_of
from fogbank.deployments.pages.static import STATIC_ROUTE
from fogbank.deployments.web import BodyTooLarge

RECOMMEND = "/api/recommend"
STATES = {
    "started": ("running", "Working"),
    "finished": ("done", "Done in {seconds} s"),
    "fallback": ("failed", "The model did not answer; computed instead, in {seconds} s"),
}


class EnergyPage:
    """`root` is the page itself; `routes` are its form, its status and its files.

    `heartbeat` is in seconds, of the stream of progress.
    """

    def __init__(
        self, scenarios: Sequence[Scenario], catalogue: Mapping[str, Any], heartbeat: float
    ) -> None:
        self._scenarios = {scenario.id: scenario for scenario in scenarios}
        self._catalogue = catalogue
        self._heartbeat = heartbeat
        self._templates = environment(Path(__file__).parent / "templates")
        self.routes = [
            STATIC_ROUTE,
            Route("/page/status", self._status, methods=["GET"]),
            Route("/page/recommend", self._back, methods=["GET"]),
            Route("/page/recommend", self._posted, methods=["POST"]),
        ]

    async def root(self, request: Request) -> Response:
        """GET / for a browser; `?scenario=` fills the form."""
        scenario = self._scenario(request)
        form = recommendation_form(scenario.request if scenario else {})
        return await self._page(request, form)

    async def _back(self, request: Request) -> Response:
        """The address of a posted form, opened anew."""
        return RedirectResponse(f"{root_of(request)}/", 303)

    async def _status(self, request: Request) -> Response:
        return await page(self._templates, request, "overview.html", await self._overview(request))

    async def _posted(self, request: Request) -> Response:
        form = recommendation_form({})
        try:
            fill(form, await typed(request))
        except (BodyTooLarge, ValueError):
            told = "The form holds more than this page takes."
            return await self._page(request, form, status=413, message=told)
        asked = {**value_of(form), "narratives": True}
        if mistakes(form):
            return await self._page(request, form, status=400)
        if STREAM in request.headers.get("accept", ""):
            return await self._streamed(request, form, asked)
        return await self._answered(request, form, await ask(request, "POST", RECOMMEND, asked))

    async def _streamed(self, request: Request, form: Group, asked: Mapping[str, Any]) -> Response:
        """Progress as events, or the page at once where the API does not stream."""
        inner = Inner(request, "POST", RECOMMEND, asked, f"{STREAM}, {JSON}")
        await inner.start()
        if not inner.type.startswith(STREAM):
            return await self._answered(request, form, await inner.answer())

        async def follow(tell: Progress) -> None:
            try:
                async for name, data in events(inner):
                    if name == "stage":
                        tell("stage", stage_of(data))
                    elif name == "result":
                        context = self._context(form, answer=data)
                        html = await rendered(self._templates, request, "work.html", context)
                        tell("page", {"html": html})
                    elif name == "error":
                        tell("refused", {"message": str(data.get("message", ""))})
            finally:
                await inner.end()

        return EventStream(follow, self._heartbeat)

    async def _answered(self, request: Request, form: Group, answer: Answer) -> Response:
        if answer.status == 200:
            return await self._page(request, form, answer=answer.data)
        error = answer.data.get("error")
        message = error.get("message") if isinstance(error, Mapping) else error
        told = str(message or "The request was not answered")
        known = answer.status == 400 and blame(form, told)
        return await self._page(request, form, status=answer.status, message="" if known else told)

    async def _page(
        self,
        request: Request,
        form: Group,
        *,
        status: int = 200,
        message: str = "",
        answer: Mapping[str, Any] | None = None,
    ) -> Response:
        context = self._context(form, message=message, answer=answer)
        context["scenario"] = self._scenario(request)
        if FRAGMENT in request.headers:
            return await page(self._templates, request, "work.html", context, status)
        context |= await self._overview(request)
        return await page(self._templates, request, "energygenius.html", context, status)

    def _context(
        self, form: Group, *, message: str = "", answer: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        return {
            "title": "EnergyGenius",
            "scenarios": list(self._scenarios.values()),
            "scenario": None,
            "catalogue": self._catalogue,
            "form": form,
            "wrong": mistakes(form),
            "message": message,
            "stages": STAGES,
            "answer": answer,
            "result": shown(answer) if answer else None,
        }

    async def _overview(self, request: Request) -> dict[str, Any]:
        """How the service is doing, for those who may see it."""
        if not admitted(request):
            return {"health": None}
        return {"health": (await ask(request, "GET", "/health")).data}

    def _scenario(self, request: Request) -> Scenario | None:
        return self._scenarios.get(request.query_params.get("scenario", ""))


def stage_of(data: Mapping[str, Any]) -> dict[str, str]:
    """What people read of an event of the API's stream: stage, state, title, detail."""
    name = str(data.get("stage", ""))
    state, detail = STATES.get(str(data.get("status")), ("running", "Working"))
    seconds = (data.get("performance") or {}).get("totalMs", 0) / 1000
    title = next((title for _, stage, title, _ in STAGES if stage == name), name)
    return {
        "stage": name,
        "state": state,
        "title": title,
        "detail": detail.format(seconds=f"{seconds:.1f}"),
    }
