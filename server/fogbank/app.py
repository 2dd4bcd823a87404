"""Composes the ASGI application: settings, catalogue, engines, runtime, dialects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
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
from fogbank.dialects.front_door import FrontDoor, front_door_body
from fogbank.dialects.guard import Guard
from fogbank.dialects.operations import Operations
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.inference import Inference
from fogbank.dialects.workers_ai.run import run_routes
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.engines.base import Engine
from fogbank.errors import unknown_path
from fogbank.runtime.runtime import Runtime
from fogbank.runtime.supervisor import Supervisor
from fogbank.settings import Settings, package_data
from fogbank.storage.keys import KeyStore
from fogbank.telemetry.metrics import Metrics

BuildEngine = Callable[[str, EngineSpec], Engine]
Dialect = Callable[[Services], Iterable[Route]]
DIALECTS: tuple[Dialect, ...] = (run_routes,)
"""In the order in which their routes are tried; the run route is the busiest."""


@dataclass(frozen=True, slots=True)
class Server:
    """A composed server: `asgi` is what uvicorn runs, `runtime` what it drains."""

    asgi: ASGIApp
    runtime: Runtime
    guard: Guard
    profile: Profile


def create_app(
    settings: Settings,
    catalog: Catalog,
    profile: Profile,
    build: BuildEngine,
    *,
    clock: Clock | None = None,
) -> Server:
    """Puts the rooms together. `build` makes an engine of the profile, not yet started."""
    clock = clock or Clock()
    metrics = Metrics(clock)
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
    )
    keys = KeyStore(settings.data_dir / "fogbank.db", clock)

    schemas = load_schemas(package_data(), settings.data_dir)
    services = Services(settings, runtime, Inference(runtime, schemas), schemas, keys, clock)
    routes = [route for dialect in DIALECTS for route in dialect(services)]

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
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
    guard = Guard(_Direct(routes, app), settings, keys, door)
    operations = Operations(runtime, profile, metrics, lambda: guard.asks_for_keys)
    app.router.routes.extend([*routes, *_operations(operations)])
    app.router.default = _NoRoute(door)
    app.state.runtime = runtime
    return Server(guard, runtime, guard, profile)


def _supervise(
    name: str, spec: EngineSpec, build: BuildEngine, clock: Clock, turn: asyncio.Lock
) -> Supervisor:
    shared = turn if spec.engine == "vllm" else None
    return Supervisor(name, spec, lambda: build(name, spec), clock, shared)


def _operations(operations: Operations) -> Iterable[BaseRoute]:
    yield route("/health/live", operations.live, "GET")
    yield route("/health/ready", operations.ready, "GET")
    yield route("/metrics", operations.metrics, "GET")
    yield route("/fogbank/models", operations.models, "GET")
    yield route("/fogbank/engines", operations.engines, "GET")
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
