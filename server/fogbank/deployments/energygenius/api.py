"""EnergyGenius over HTTP, as clients of the old Worker know it (deployments.md, C)."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import orjson
import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from fogbank.deployments.energygenius import answers, catalogue
from fogbank.deployments.energygenius.compare_api import Comparing
from fogbank.deployments.energygenius.event_stream import EventStream, wants_events
from fogbank.deployments.energygenius.household import Household
from fogbank.deployments.energygenius.information import Information
from fogbank.deployments.energygenius.invalid import Code, Invalid
from fogbank.deployments.energygenius.narratives_request import told_in
from fogbank.deployments.energygenius.pipeline import Progress, silent
from fogbank.deployments.energygenius.recommend_request import household_of
from fogbank.deployments.energygenius.runs import Runs
from fogbank.deployments.web import (
    ANY_METHOD,
    BodyTooLarge,
    Cors,
    Json,
    application,
    body,
    timestamp,
    wants_page,
    while_connected,
)

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Authorization",
    "Access-Control-Max-Age": "86400",
}
LARGEST = 1 << 20
LARGEST_CATALOGUE = 16 << 20
NOT_FOUND = Invalid("NOT_FOUND", "Endpoint not found").as_json()

Page = Callable[[Request], Awaitable[Response]]
Answering = Callable[[Request], Coroutine[Any, Any, Response]]

log = structlog.get_logger("fogbank.energygenius")


class Api:
    """The routes. `app` is what is mounted.

    `page` answers GET / for a browser; `further` are routes of other parts, such as the page's.
    """

    def __init__(
        self,
        runs: Runs,
        information: Information,
        comparing: Comparing,
        *,
        page: Page | None = None,
        further: Sequence[BaseRoute] = (),
    ) -> None:
        self._runs = runs
        self._information = information
        self._comparing = comparing
        self._page = page
        routes = [
            Route("/", self._root, methods=["GET"]),
            Route("/health", _answering(self._health), methods=["GET"]),
            Route("/api/mock-data", _answering(self._mock_data), methods=["GET"]),
            Route("/api/recommend", _answering(self._recommend), methods=["POST"]),
            Route("/api/narratives", _answering(self._narratives, "NARRATIVE_ERROR"),
                  methods=["POST"]),
            Route("/api/compare", _answering(self._compare), methods=["POST"]),
            Route("/api/catalogue/validate", _answering(self._validate), methods=["POST"]),
            *further,
            # The contract knows no 405: a wrong method is a wrong endpoint.
            Route("/{path:path}", _not_found, methods=ANY_METHOD),
        ]  # fmt: skip
        app = application(routes, not_found=NOT_FOUND, wrong_method=NOT_FOUND)
        self.app: ASGIApp = Cors(app, CORS, b"")

    async def _root(self, request: Request) -> Response:
        if self._page is not None and wants_page(request):
            return await self._page(request)
        return Json(self._information.overview())

    async def _health(self, request: Request) -> Response:
        return Json(self._information.health(page=self._page is not None))

    async def _mock_data(self, request: Request) -> Response:
        return Json(self._information.mock_data())

    async def _recommend(self, request: Request) -> Response:
        asked = _json(await _read(request))
        household = household_of(asked)
        options = self._runs.options
        if options.enable_sse and wants_events(request):
            return EventStream(
                lambda progress: self._stream(request, household, progress),
                options.heartbeat_seconds,
            )
        wanted = request.query_params.get("narratives", "").lower() in ("true", "1")
        narratives = options.narratives or wanted or asked.get("narratives") is True
        work = self._recommended(request, household, silent, narratives=narratives)
        return Json(await while_connected(request, work))

    async def _recommended(
        self, request: Request, household: Household, progress: Progress, *, narratives: bool
    ) -> dict[str, Any]:
        run = self._runs.begin(request, progress)
        made = await self._runs.pipeline.recommend(household, run, narratives=narratives)
        return answers.recommendation(made, run.inquirer.request_id, self._runs.clock.now())

    async def _stream(self, request: Request, household: Household, progress: Progress) -> None:
        try:
            answer = await self._recommended(request, household, progress, narratives=True)
        except Exception as error:
            progress("error", _failure("PIPELINE_ERROR", error).as_json()["error"])
        else:
            progress("result", answer)

    async def _narratives(self, request: Request) -> Response:
        told = told_in(_json(await _read(request)), self._runs.pipeline.catalogue.by_id)
        run = self._runs.begin(request)
        work = self._runs.pipeline.narrate(told, run)
        rationales, timing = await while_connected(request, work)
        content = {
            "narratives": [
                {"planId": each.plan_id, "rationale": rationales[each.plan_id]} for each in told
            ],
            "executionTime": round(timing.total_ms),
            "timestamp": timestamp(self._runs.clock.now()),
            "errors": run.errors,
            "performance": {"narrative": timing.as_json()},
        }
        return Json(content)

    async def _compare(self, request: Request) -> Response:
        content = await _read(request)
        asked = _json(content) if content.strip() else {}
        return Json(await while_connected(request, self._comparing.compare(request, asked)))

    async def _validate(self, request: Request) -> Response:
        content = await _read(request, LARGEST_CATALOGUE)
        named = request.headers.get("content-type", "").lower()
        is_json = "json" in named or ("csv" not in named and content.lstrip()[:1] in (b"[", b"{"))
        kind = "json" if is_json else "csv"
        found, wrong = await asyncio.to_thread(catalogue.parse, content, kind)
        return Json(answers.validation(found, wrong, kind))


def _answering(handler: Answering, failure: Code = "PIPELINE_ERROR") -> Answering:
    """The handler, with whatever it raises as the contract's error."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            raise
        except Exception as error:
            invalid = error if isinstance(error, Invalid) else _failure(failure, error)
            return Json(invalid.as_json(), invalid.status)

    return answer


def _failure(code: Code, error: Exception) -> Invalid:
    """What was not foreseen; the log has all of it."""
    log.exception("request failed", exc_info=error)
    return Invalid(code, f"{type(error).__name__}: the log of the server says more")


async def _read(request: Request, largest: int = LARGEST) -> bytes:
    try:
        return await body(request, largest)
    except BodyTooLarge:
        told = f"the body is larger than {largest >> 20} MB ({largest:,} bytes)"
        raise Invalid("PAYLOAD_TOO_LARGE", told) from None


def _json(content: bytes) -> Any:
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Invalid("INVALID_JSON", f"the body is not JSON: {error}") from None


async def _not_found(request: Request) -> Response:
    return Json(NOT_FOUND, 404)
