"""What the server hands to a deployment, and what a deployment hands back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from starlette.types import ASGIApp

from fogbank.clock import Clock
from fogbank.deployments.description import Description
from fogbank.runtime.runtime import Runtime
from fogbank.settings import Settings
from fogbank.telemetry.metrics import Metrics


class Component(Protocol):
    """Something that lives as long as the server: opened before it listens, closed after it."""

    async def start(self) -> None:
        """Called before the engines are ready."""

    async def stop(self) -> None:
        """Called after the engines have stopped."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """`app` sees its own paths, without the mount, which is in `root_path` of the scope.

    `service` is what deployments that need this one find, if there is anything.
    """

    app: ASGIApp
    components: tuple[Component, ...] = ()
    service: Any = None


@dataclass(frozen=True, slots=True)
class Services:
    """The composed parts. `built` are the deployments that were built before, by name."""

    settings: Settings
    runtime: Runtime
    metrics: Metrics
    clock: Clock
    built: dict[str, Deployment] = field(default_factory=dict)


Build = Callable[[Services, Mapping[str, Any]], Deployment]


def build(description: Description, services: Services) -> Deployment:
    """Calls the entry of a deployment. Raises ImportError, which names the entry."""
    module, _, function = description.entry.partition(":")
    try:
        entry: Build = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ImportError(
            f"deployment {description.name}: entry {description.entry!r} cannot be imported:"
            f" {error}. Python looks for it in PYTHONPATH and in what is installed."
        ) from error
    return entry(services, description.options)
