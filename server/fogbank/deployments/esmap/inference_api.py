"""POST /inference and /inference/batch over HTTP; the API in front has the first one too."""

import time
from collections.abc import Awaitable, Mapping
from typing import Any

import orjson
from starlette.requests import Request

from fogbank.deployments.esmap import answers
from fogbank.deployments.esmap.ending import Inferred
from fogbank.deployments.esmap.inference import Inference, UnknownModel
from fogbank.deployments.esmap.model import InvalidInput
from fogbank.deployments.esmap.requests import BadRequest, asked, batch_inputs
from fogbank.deployments.esmap.statistics import Statistics
from fogbank.deployments.esmap.turn import Busy
from fogbank.deployments.web import BodyTooLarge, Json, body, while_connected

SERVED_BY = "x-fogbank-served-by"
RETRY_AFTER = {"Retry-After": "1"}


class InferenceApi:
    """`statistics` is what the answers' `performance` tells. `limits`: bytes, inputs of a batch."""

    def __init__(self, inference: Inference, *, body_limit: int, batch_limit: int) -> None:
        self.statistics = Statistics()
        self._inference = inference
        self._body_limit = body_limit
        self._batch_limit = batch_limit

    async def run(self, request: Request) -> Json:
        """One inference."""
        return await told(self._run(request, time.perf_counter()))

    async def batch(self, request: Request) -> Json:
        """Up to `batch_limit` of them."""
        return await told(self._batch(request, time.perf_counter()))

    async def read(self, request: Request) -> bytes:
        """The body. Raises BodyTooLarge."""
        return await body(request, self._body_limit)

    async def _run(self, request: Request, began: float) -> Json:
        one = asked(await self.read(request))
        work = self._inference.run(one.model_id, one.input, one.options, key=key_of(request))
        done = await while_connected(request, work)
        timings = {} if done.milliseconds is None else {"inference": done.milliseconds}
        content = {
            "success": True,
            "result": orjson.Fragment(done.result),
            "cached": done.cached,
            "performance": self._performance(began, timings),
        }
        return Json(content, headers=served_by(done))

    async def _batch(self, request: Request, began: float) -> Json:
        many = asked(await self.read(request))
        inputs = batch_inputs(many.inputs, self._batch_limit)
        work = self._inference.batch(many.model_id, inputs, many.options, key=key_of(request))
        done = await while_connected(request, work)
        items = [_item(at, each) for at, each in enumerate(done)]
        good = [each for each in done if isinstance(each, Inferred)]
        results = {
            "modelId": many.model_id,
            "batch_size": len(items),
            "successful": len(good),
            "failed": len(items) - len(good),
            "results": items,
        }
        took = [each.milliseconds for each in good if each.milliseconds is not None]
        timings = {"inference": max(took)} if took else {}
        performance = self._performance(began, timings)
        content = {"success": True, "results": results, "performance": performance}
        return Json(content, headers=served_by(*good))

    def _performance(self, began: float, timings: Mapping[str, float]) -> dict[str, Any]:
        total = (time.perf_counter() - began) * 1000
        return self.statistics.performance(**timings, total_request=total)


async def told(answer: Awaitable[Json]) -> Json:
    """What `answer` says; its errors in the old service's words."""
    try:
        return await answer
    except UnknownModel as error:
        return Json(answers.unknown_model(str(error.args[0])), 404)
    except (BadRequest, InvalidInput) as error:
        return Json(answers.invalid(str(error)), 400)
    except BodyTooLarge:
        return Json(answers.TOO_LARGE, 413)
    except Busy:
        return Json(answers.BUSY, 429, RETRY_AFTER)


def key_of(request: Request) -> str | None:
    """The name of the API key, where one was asked for."""
    key = request.scope.get("state", {}).get("key")
    return key if isinstance(key, str) else None


def served_by(*done: Inferred) -> dict[str, str]:
    """The header that names stand-ins, where any answered."""
    names = {name: None for each in done for name in each.served_by.values()}
    return {SERVED_BY: ", ".join(names)} if names else {}


def _item(at: int, each: Inferred | InvalidInput) -> dict[str, Any]:
    """A fallback is fulfilled, as it is answered 200 alone; its `error` says why."""
    if isinstance(each, InvalidInput):
        return {"index": at, "status": "rejected", "result": None, "error": str(each)}
    result = orjson.Fragment(each.result)
    return {"index": at, "status": "fulfilled", "result": result, "error": each.error}
