"""Composes the ASGI application: settings, catalogue, engines, runtime, dialects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank.catalog.catalog import Catalog, resolve_profile
from fogbank.catalog.profile import EngineSpec, Profile
from fogbank.clock import Clock
from fogbank.cost.price_files import load_prices
from fogbank.cost.prices import PriceTable
from fogbank.deployments.deployment import Services as Premises
from fogbank.deployments.deployment import build as build_deployment
from fogbank.deployments.description import Description
from fogbank.deployments.mounts import Mount, Mounts
from fogbank.dialects.ai_gateway.door import GatewayDoor
from fogbank.dialects.ai_gateway.logs import log_routes
from fogbank.dialects.anthropic.messages import anthropic_routes
from fogbank.dialects.binding.door import BindingDoor
from fogbank.dialects.binding.gateway import BindingGateway
from fogbank.dialects.binding.gateways import gateway_routes
from fogbank.dialects.binding.routes import binding_routes
from fogbank.dialects.cost_report import CostReport
from fogbank.dialects.front_door import FrontDoor, front_door_body
from fogbank.dialects.guard import Guard
from fogbank.dialects.openai.routes import openai_routes
from fogbank.dialects.openapi.routes import openapi_routes
from fogbank.dialects.operations import Operations
from fogbank.dialects.ray import Ray
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.account import account_routes
from fogbank.dialects.workers_ai.batch import BatchQueue
from fogbank.dialects.workers_ai.catalogue import catalogue_routes
from fogbank.dialects.workers_ai.conversion import Conversion
from fogbank.dialects.workers_ai.finetunes import finetune_routes
from fogbank.dialects.workers_ai.inference import Inference
from fogbank.dialects.workers_ai.markdown import markdown_routes
from fogbank.dialects.workers_ai.run import run_routes
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.engines.base import Engine
from fogbank.errors import unknown_path
from fogbank.runtime.budget import Budget, budget_metrics
from fogbank.runtime.cost_reports import CostReports
from fogbank.runtime.metering import Allocation, LedgerMeter
from fogbank.runtime.rate_limits import RateLimits, load_rates
from fogbank.runtime.runtime import Runtime
from fogbank.runtime.supervisor import Supervisor
from fogbank.settings import Settings, package_data, pairs
from fogbank.storage.finetunes import FinetuneStore
from fogbank.storage.gateway_logs import GatewayLogs
from fogbank.storage.keys import KeyStore
from fogbank.storage.ledger import Ledger
from fogbank.storage.ledger_store import journal_folder, store_opener
from fogbank.structured.examination import EXAMINATION
from fogbank.telemetry.metrics import Metrics

BuildEngine = Callable[[str, EngineSpec], Engine]
Dialect = Callable[[Services], Iterable[Route]]
DIALECTS: tuple[Dialect, ...] = (
    run_routes,
    binding_routes,
    openai_routes,
    anthropic_routes,
    finetune_routes,
    catalogue_routes,
    account_routes,
    openapi_routes,
    markdown_routes,
)
"""In the order in which their routes are tried; the run route is the busiest."""


@dataclass(frozen=True, slots=True)
class Server:
    """A composed server: `asgi` is what uvicorn runs, `runtime` what it drains.

    `routes` are those of the dialects, `deployments` what is mounted in front of them.
    """

    asgi: ASGIApp
    runtime: Runtime
    guard: Guard
    profile: Profile
    routes: tuple[Route, ...]
    deployments: tuple[Description, ...] = ()


def create_app(
    settings: Settings,
    catalog: Catalog,
    profile: Profile,
    build: BuildEngine,
    *,
    deployments: Mapping[str, Description] | None = None,
    clock: Clock | None = None,
) -> Server:
    """Puts the rooms together. `build` makes an engine of the profile, not yet started.

    `deployments` are the described ones to serve. Raises ImportError for one that is not there.
    """
    clock = clock or Clock()
    metrics = Metrics(clock)
    book = load_prices(package_data(), settings.data_dir)
    prices = book.newest
    meter = _meter(settings, prices, metrics, clock)
    turn = asyncio.Lock()
    engines = {
        name: _supervise(name, spec, build, clock, turn) for name, spec in profile.engines.items()
    }
    runtime = Runtime(
        catalog,
        resolve_profile(profile, catalog),
        engines,
        metrics,
        clock=clock,
        retry_after=1 if settings.retry_after else None,
        meter=meter,
        rates=_rates(settings, clock),
        refuse_deprecated=settings.refuse_deprecated,
    )
    keys = KeyStore(settings.data_dir / "fogbank.db", clock)

    schemas = load_schemas(package_data(), settings.data_dir)
    finetunes = FinetuneStore(settings.data_dir, clock, limit=settings.finetunes_per_account)
    inference = Inference(
        runtime,
        schemas,
        finetunes,
        stream_padding=settings.stream_padding,
        json_streams=settings.json_streams,
    )
    batches = BatchQueue(inference, settings, clock)
    services = Services(
        settings,
        runtime,
        inference,
        schemas,
        keys,
        finetunes,
        clock,
        batches,
        Conversion(settings, schemas["markdown-options"]),
        prices=prices.rows,
    )
    services.components.append(meter)
    routes = [route for dialect in DIALECTS for route in dialect(services)]
    logs = GatewayLogs(settings.data_dir / "fogbank.db", settings.gateway_logs)
    services.components.append(logs)
    services.components.append(batches)
    routes.extend([*log_routes(services, logs), *gateway_routes(services, logs)])

    premises = Premises(settings, runtime, metrics, clock)
    mounts = [_mount(each, premises) for each in (deployments or {}).values()]
    for built in premises.built.values():
        services.components.extend(built.components)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        if any(spec.engine in ("vllm", "transformers") for spec in profile.engines.values()):
            # Before the engines, which take every process that starts beside them for their own.
            await EXAMINATION.warm()
        for component in services.components:
            await component.start()
        for engine in engines.values():
            engine.start()
        try:
            yield
        finally:
            await asyncio.gather(*(engine.stop() for engine in engines.values()))
            for component in reversed(services.components):
                await component.stop()
            keys.close()

    door = FrontDoor(metrics)
    app = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={405: _WrongMethod(door)},
    )
    gateway = GatewayDoor(services, logs, _Direct(routes, app))
    guard = Guard(BindingGateway(services, gateway), settings, keys, door)
    operations = Operations(runtime, profile, metrics, lambda: guard.asks_for_keys)
    folders = (package_data(), settings.data_dir)
    costs = CostReports(book, catalog, meter.open_store, folders, clock, meter.budget)
    app.router.routes.extend([*routes, *_operations(operations, CostReport(costs))])
    app.router.default = _NoRoute(door)
    app.state.runtime = runtime
    asgi = Ray(Mounts(mounts, guard.check, BindingDoor(guard, door)))
    descriptions = tuple(mount.description for mount in mounts)
    return Server(asgi, runtime, guard, profile, tuple(routes), descriptions)


def _mount(description: Description, premises: Premises) -> Mount:
    built = premises.built[description.name] = build_deployment(description, premises)
    return Mount(description, built.app)


def _meter(settings: Settings, prices: PriceTable, metrics: Metrics, clock: Clock) -> LedgerMeter:
    allocation = None
    if settings.daily_neurons is not None:
        allocation = Allocation(settings.daily_neurons, clock, retry_after=settings.retry_after)
    url = settings.ledger_url.get_secret_value() if settings.ledger_url else None
    budget = None
    if settings.budget_usd is not None:
        budget = Budget(settings.budget_usd, prices, clock)
        metrics.add(budget_metrics(budget))
    opened = [each.read for each in (allocation, budget) if each]
    ledger = Ledger(
        journal_folder(settings.data_dir, url), store_opener(settings.data_dir, url), opened
    )
    return LedgerMeter(prices, ledger, metrics, clock, allocation, budget)


def _supervise(
    name: str, spec: EngineSpec, build: BuildEngine, clock: Clock, turn: asyncio.Lock
) -> Supervisor:
    shared = turn if spec.engine == "vllm" else None
    return Supervisor(name, spec, lambda: build(name, spec), clock, shared)


def _rates(settings: Settings, clock: Clock) -> RateLimits | None:
    if not settings.rate_limits:
        return None
    return RateLimits(load_rates(package_data(), pairs(settings.requests_per_minute)), clock)


def _operations(operations: Operations, cost: CostReport) -> Iterable[BaseRoute]:
    yield route("/health/live", operations.live, "GET")
    yield route("/health/ready", operations.ready, "GET")
    yield route("/metrics", operations.metrics, "GET")
    yield route("/fogbank/models", operations.models, "GET")
    yield route("/fogbank/engines", operations.engines, "GET")
    yield route("/fogbank/cost", cost.get, "GET")
    yield route("/fogbank/engines/{engine}/load", operations.load, "POST")
    yield route("/fogbank/engines/{engine}/unload", operations.unload, "POST")


class _Direct:
    """Takes the dialects past the framework's middlewares, which wrap `send` for every token."""

    def __init__(self, routes: Sequence[Route], app: ASGIApp) -> None:
        self._routes = tuple(routes)
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for route in self._routes:
                match, path_params = route.matches(scope)
                if match is Match.FULL:
                    scope.update(path_params)
                    await route.app(scope, receive, send)
                    return
        await self._app(scope, receive, send)


class _WrongMethod:
    def __init__(self, door: FrontDoor) -> None:
        self._door = door

    async def __call__(self, request: Request, error: Exception) -> Response:
        refused = unknown_path(request.url.path)
        self._door.note(request.scope, refused)
        return JSONResponse(front_door_body(refused), refused.status)


class _NoRoute:
    def __init__(self, door: FrontDoor) -> None:
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._door.refuse(scope, send, unknown_path(scope["path"]))
