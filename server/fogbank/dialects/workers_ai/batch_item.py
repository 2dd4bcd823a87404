"""One item of a batch: run at low priority until there is an outcome that is its own fault."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import orjson
import structlog

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects.workers_ai.inference import Inference
from fogbank.errors import AIError, as_documented
from fogbank.runtime.context import Context
from fogbank.settings import Settings
from fogbank.storage.batches import Batch, Outcome
from fogbank.tasks import TextGenerationRequest

TRIES = 5
"""An item that meets trouble upstream so often is given up; one that finds no place, or no neurons
left today, never is."""

PATIENT = (errors.CAPACITY, errors.ALLOCATION)
PAUSE = 1.0
LONGEST_PAUSE = 30.0

log = structlog.get_logger("fogbank.batch")


class ItemRunner:
    """Runs items through the same road as live requests."""

    def __init__(self, inference: Inference, settings: Settings) -> None:
        self._inference = inference
        self._runtime = inference.runtime
        self._settings = settings

    async def run(
        self, batch: Batch, number: int, data: bytes, fits: Callable[[Batch, int], bool]
    ) -> Outcome | None:
        """The outcome; None when the server is leaving, so that the item is run again later.

        `fits` says whether the batch still has room for an answer of so many bytes.
        """
        item = orjson.loads(data)
        reference = item.pop("external_reference", None)
        told = {"id": number, "external_reference": reference}
        card = self._runtime.catalog.resolve(batch.model)
        tries = 0
        while True:
            context = self._context(batch)
            try:
                if card is None:
                    raise AIError(errors.NO_SUCH_MODEL, model=batch.model)
                outcome = await self._computed(card, item, told, context)
                if not fits(batch, len(outcome.answer)):
                    raise AIError(errors.TOO_LARGE)
                return outcome
            except AIError as error:
                if self._runtime.draining:
                    return None
                tries += error.kind not in PATIENT
                passing = error.kind in (*PATIENT, errors.UPSTREAM)
                if not passing or tries >= TRIES:
                    return self._failed(error, told, context)
            except Exception:
                log.exception("item failed", batch=batch.id, number=number)
                return self._failed(AIError(errors.INTERNAL), told, context)
            await asyncio.sleep(min(PAUSE * 2**tries, LONGEST_PAUSE))

    async def _computed(
        self, card: Card, item: Any, told: dict[str, Any], context: Context
    ) -> Outcome:
        prepared = self._inference.prepare(card, item, context)
        context.reject_if_busy = False
        if isinstance(prepared.request, TextGenerationRequest):
            request = replace(prepared.request, low_priority=True)
            prepared = replace(prepared, request=request)
        whole = await self._inference.whole(prepared, context)
        used = whole.usage
        return Outcome(
            orjson.dumps({**told, "result": whole.result, "success": True}),
            used.prompt_tokens,
            used.completion_tokens,
            used.cached_tokens,
            whole.neurons,
        )

    def _failed(self, error: AIError, told: dict[str, Any], context: Context) -> Outcome:
        if context.documented_errors and isinstance(other := as_documented(error), AIError):
            error = other
        listed = [{"message": error.message(context.request_id), "code": error.kind.code}]
        return Outcome(orjson.dumps({**told, "result": {}, "success": False, "errors": listed}))

    def _context(self, batch: Batch) -> Context:
        return Context(
            deadline=self._settings.max_deadline,
            key=batch.key,
            account=batch.account,
            low_priority=True,
            documented_errors=self._settings.error_forms == "documented",
        )
