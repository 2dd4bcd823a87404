"""The way of one inference: model -> input -> cache -> turn -> deadline -> model -> history."""

import asyncio
import time
from typing import Any

import structlog

from fogbank.deployments.deployment import Services
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.model import InvalidInput

log = structlog.get_logger("fogbank.esmap")


class UnknownModel(LookupError):
    """No model of that id."""


class Inference:
    """Runs ESMAP's models."""

    def __init__(self, active: Active, services: Services) -> None:
        self._active = active
        self._services = services

    async def run(
        self, model_id: str, input: Any, options: dict[str, Any], *, key: str | None = None
    ) -> dict[str, Any]:
        """`result` of POST /inference. Raises UnknownModel and InvalidInput."""
        loaded = self._active.get(model_id)
        if loaded is None:
            raise UnknownModel(model_id)
        loaded.model.check(input, options)
        call = Call(runtime=self._services.runtime, deadline=loaded.card.deadline, key=key)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(loaded.card.deadline):
                inner = await loaded.model.infer(input, options, call)
        except InvalidInput:
            raise
        except Exception as error:
            log.exception("inference failed", model=model_id, id=call.request_id)
            timed_out = isinstance(error, TimeoutError)
            return {"modelId": model_id, "error": "Inference timeout" if timed_out else str(error)}
        took = round((time.perf_counter() - began) * 1000, 3)
        return {
            "modelId": model_id,
            "timestamp": self._services.clock.now().isoformat(),
            "result": inner,
            "metadata": {"inferenceTime": took, "modelVersion": loaded.version},
        }
