"""The registry over HTTP: /admin, for operators. Every answer is `{success, ...}`."""

import re
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.routing import Route

from fogbank.deployments.esmap.registry import bodies
from fogbank.deployments.esmap.registry.comparer import Comparer
from fogbank.deployments.esmap.registry.deployer import Deployer
from fogbank.deployments.esmap.registry.errors import Invalid, RegistryError
from fogbank.deployments.esmap.registry.registry import Registry
from fogbank.deployments.esmap.registry.scheduler import Scheduler
from fogbank.deployments.esmap.registry.version import shown
from fogbank.deployments.esmap.requests import BadRequest, object_of
from fogbank.deployments.web import BodyTooLarge, Json, body, while_connected
from fogbank.storage.artifacts import ArtifactError
from fogbank.storage.sql import SqlRefused, SqlUnavailable

LOCAL = "local"
"""The actor where no key is asked for."""

MOST = 1000
"""Rows that a list answers with, at most."""

LIMIT = re.compile(r"[0-9]{1,4}")

B = TypeVar("B", bound=BaseModel)
Handler = Callable[[Request], Awaitable[Json]]


class AdminRoutes:
    """`routes` are those of /admin. Bodies have at most `limit` bytes, artifacts excepted."""

    def __init__(
        self,
        registry: Registry,
        deployer: Deployer,
        scheduler: Scheduler,
        comparer: Comparer,
        limit: int,
    ) -> None:
        self._registry = registry
        self._deployer = deployer
        self._scheduler = scheduler
        self._comparer = comparer
        self._limit = limit
        model = "/admin/models/{model_id}"
        version = model + "/versions/{version}"
        table: tuple[tuple[str, str, Handler], ...] = (
            ("GET", "/admin/models", self._models),
            ("GET", f"{model}/versions", self._versions),
            ("POST", f"{model}/versions", self._register),
            ("GET", version, self._version),
            ("PUT", version + "/artifacts/{name}", self._upload),
            ("POST", f"{version}/validate", self._validate),
            ("POST", f"{version}/promote", self._promote),
            ("POST", f"{model}/rollback", self._rollback),
            ("POST", f"{model}/compare", self._compare),
            ("GET", "/admin/schedules", self._schedules),
            ("POST", "/admin/schedules", self._schedule),
            ("DELETE", "/admin/schedules/{id}", self._cancel),
            ("GET", "/admin/audit", self._audit),
        )
        self.routes = [
            Route(path, _answering(handler), methods=[method]) for method, path, handler in table
        ]

    async def _models(self, request: Request) -> Json:
        models = await self._registry.models()
        return _done(models=models, count=len(models))

    async def _versions(self, request: Request) -> Json:
        versions = await self._registry.shown(request.path_params["model_id"])
        return _done(versions=versions, count=len(versions))

    async def _version(self, request: Request) -> Json:
        (version,) = await self._registry.shown(*_named(request))
        return _done(version=version)

    async def _register(self, request: Request) -> Json:
        asked = await self._body(request, bodies.Register)
        made = await self._registry.register(
            request.path_params["model_id"],
            asked.version,
            asked.changes,
            asked.config,
            asked.announced,
            _actor(request),
        )
        return _done(201, version=made.shown(None))

    async def _upload(self, request: Request) -> Json:
        artifact = await self._registry.upload(
            *_named(request),
            request.path_params["name"],
            request.stream(),
            request.query_params.get("sha256"),
            _actor(request),
        )
        return _done(artifact=shown(artifact))

    async def _validate(self, request: Request) -> Json:
        report = await self._deployer.validate(*_named(request), _actor(request))
        return _done(report=report.shown())

    async def _promote(self, request: Request) -> Json:
        asked = await self._body(request, bodies.Promote)
        model_id, version = _named(request)
        told = await self._deployer.promote(model_id, version, _actor(request), force=asked.force)
        return _done(model_id=model_id, **told)

    async def _rollback(self, request: Request) -> Json:
        asked = await self._body(request, bodies.Rollback)
        model_id = request.path_params["model_id"]
        told = await self._deployer.rollback(
            model_id, asked.version, _actor(request), validate=asked.validate_first
        )
        return _done(model_id=model_id, **told)

    async def _compare(self, request: Request) -> Json:
        asked = await self._body(request, bodies.Compare)
        model_id = request.path_params["model_id"]
        work = self._comparer.compare(model_id, asked.a, asked.b, asked.labelled, _actor(request))
        told = await while_connected(request, work)
        return _done(model_id=model_id, comparison=told)

    async def _schedules(self, request: Request) -> Json:
        schedules = await self._scheduler.newest(_limit(request))
        return _done(schedules=schedules, count=len(schedules))

    async def _schedule(self, request: Request) -> Json:
        asked = await self._body(request, bodies.Plan)
        made = await self._scheduler.add(asked.model_id, asked.version, asked.due, _actor(request))
        return _done(201, schedule=made.shown())

    async def _cancel(self, request: Request) -> Json:
        cancelled = await self._scheduler.cancel(request.path_params["id"], _actor(request))
        return _done(schedule=cancelled.shown())

    async def _audit(self, request: Request) -> Json:
        before = request.query_params.get("before")
        if before is not None and not before.isdecimal():
            raise Invalid("before is no id of an entry")
        limit = _limit(request)
        entries = await self._registry.trail(request.query_params.get("model"), before, limit)
        older = entries[-1]["id"] if len(entries) == limit else None
        return _done(entries=entries, count=len(entries), before=older)

    async def _body(self, request: Request, kind: type[B]) -> B:
        """The JSON body; none is an empty object. Raises Invalid."""
        try:
            return kind.model_validate(object_of(await body(request, self._limit) or b"{}"))
        except BodyTooLarge:
            raise Invalid(f"the body has more than {self._limit} bytes") from None
        except BadRequest as error:
            raise Invalid(str(error)) from error
        except ValidationError as error:
            told = [
                f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)
            ]
            raise Invalid("; ".join(told[:5]), {"mistakes": told}) from error


def _answering(handler: Handler) -> Handler:
    """The handler, with its errors as answers."""

    @wraps(handler)
    async def answer(request: Request) -> Json:
        try:
            return await handler(request)
        except RegistryError as error:
            details = {"type": type(error).__name__, "message": str(error), **(error.details or {})}
            return _failed(error.status, str(error), details)
        except SqlRefused as error:
            return _failed(400, "the database takes no such value", {"message": str(error)})
        except (SqlUnavailable, ArtifactError) as error:
            return _failed(503, "the registry cannot be used now", {"message": str(error)})

    return answer


def _done(status: int = 200, **content: Any) -> Json:
    return Json({"success": True, **content}, status)


def _failed(status: int, message: str, details: dict[str, Any]) -> Json:
    return Json({"success": False, "error": message, "details": details}, status)


def _actor(request: Request) -> str:
    return str(request.scope.get("state", {}).get("key") or LOCAL)


def _named(request: Request) -> tuple[str, str]:
    return request.path_params["model_id"], request.path_params["version"]


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "100")
    if not LIMIT.fullmatch(text) or not 1 <= int(text) <= MOST:
        raise Invalid(f"limit is a number from 1 to {MOST}")
    return int(text)
