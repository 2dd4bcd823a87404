"""What the composed server hands to each dialect, and what a dialect hands back: raw routes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from fogbank.catalog.card import Card
from fogbank.clock import Clock
from fogbank.dialects.workers_ai.batch import BatchQueue
from fogbank.dialects.workers_ai.conversion import Conversion
from fogbank.dialects.workers_ai.inference import Inference
from fogbank.dialects.workers_ai.validation import InputSchema
from fogbank.runtime.runtime import Runtime
from fogbank.settings import Settings
from fogbank.storage.finetunes import FinetuneStore
from fogbank.storage.keys import KeyStore


class Component(Protocol):
    """Something that lives as long as the server: opened before it listens, closed after it."""

    async def start(self) -> None:
        """Called before the engines are ready."""

    async def stop(self) -> None:
        """Called after the engines have stopped."""


@dataclass(frozen=True, slots=True)
class Services:
    """The composed parts. A dialect adds to `components` what has to be started and stopped.

    `prices` gives a model's prices as models/search words them, empty for an unpriced one.
    """

    settings: Settings
    runtime: Runtime
    inference: Inference
    schemas: dict[str, InputSchema]
    keys: KeyStore
    finetunes: FinetuneStore
    clock: Clock
    batches: BatchQueue
    conversion: Conversion
    components: list[Component] = field(default_factory=list)
    prices: Callable[[Card], list[dict[str, Any]]] = lambda card: []


class _Raw:
    """Keeps a route raw: Starlette wraps plain functions and methods into Request and Response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


def route(
    path: str, app: Callable[[Scope, Receive, Send], Awaitable[None]], *methods: str
) -> Route:
    """A route to an ASGI application or method. Without `methods` it takes every one."""
    return Route(path, _Raw(app), methods=list(methods) or None)
