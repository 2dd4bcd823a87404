"""Computes what models need before their first inference, once the server is up."""

import asyncio
from contextlib import suppress
from typing import Protocol, runtime_checkable

import structlog

from fogbank.deployments.esmap.active import Active
from fogbank.errors import AIError
from fogbank.runtime.runtime import Runtime

log = structlog.get_logger("fogbank.esmap")


@runtime_checkable
class Prepared(Protocol):
    """A model that has something to compute once."""

    async def prepare(self, runtime: Runtime) -> None:
        """Waits for the engine that it needs. Raises AIError where there is none."""


class Preparing:
    """Prepares the active models in the background. One that fails does it at its first use."""

    def __init__(self, active: Active, runtime: Runtime) -> None:
        self._active = active
        self._runtime = runtime
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns at once: the engines load meanwhile."""
        self._task = asyncio.create_task(self._prepare())

    async def stop(self) -> None:
        """Gives up what is not ready."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _prepare(self) -> None:
        for loaded in list(self._active):
            if isinstance(loaded.model, Prepared):
                try:
                    await loaded.model.prepare(self._runtime)
                except AIError as error:
                    log.info("model is not prepared", model=loaded.card.id, reason=str(error))
                except Exception:  # an operator's own model may fail in any way
                    log.exception("model is not prepared", model=loaded.card.id)
