"""`POST /run?version=3`: one model run of a Worker (contract 6.1 to 6.4)."""

from typing import Any

from starlette.types import Receive, Scope, Send

from fogbank.catalog.card import Card
from fogbank.dialects import intake
from fogbank.dialects.asgi import header, send_json
from fogbank.dialects.binding.call import MODEL, Call, model_of, read_call
from fogbank.dialects.binding.caller import binding_context
from fogbank.dialects.binding.replies import send_error
from fogbank.dialects.exchange import exchange
from fogbank.dialects.services import Services
from fogbank.dialects.workers_ai.answering import send_answer
from fogbank.dialects.workers_ai.inference import Prepared
from fogbank.errors import AIError, RouteError
from fogbank.runtime.context import Context


class BindingRun:
    """The route as an ASGI application; answers are bare, without REST's envelope."""

    def __init__(self, services: Services) -> None:
        self._inference = services.inference
        self._batches = services.batches
        self._runtime = services.runtime
        self._settings = services.settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = binding_context(scope, self._settings)

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        name = header(scope, MODEL) or ""
        await exchange(context, name, self._work(context, scope, receive, send), refuse, receive)

    async def _work(self, context: Context, scope: Scope, receive: Receive, send: Send) -> None:
        with self._runtime.metrics.refusals():
            prepared = await self._prepared(context, scope, receive, send)
        if prepared is not None:
            await send_answer(self._inference, prepared, context, receive, send, bare)

    async def _prepared(
        self, context: Context, scope: Scope, receive: Receive, send: Send
    ) -> Prepared | None:
        """What is to run; None where the batch queue has answered.

        The body does not outlive this: ten megabytes of numbers are eighty in a list.
        """
        card, call = await self._read(context, scope, receive)
        if call.has("queueRequest") or _fetches(call):
            result = await self._batches.answer(card, call.inputs, context)
            await send_json(send, 200, result, self._inference.headers(card, context))
            return None
        prepared = await intake.off_the_loop(
            call.size, lambda: self._inference.prepare(card, call.inputs, context, call.files)
        )
        context.reject_if_busy = call.has("rejectIfBusy")
        return prepared

    async def _read(self, context: Context, scope: Scope, receive: Receive) -> tuple[Card, Call]:
        """A limit that is reached refuses before the body is read.

        That a model is not served is told before what is wrong with a stream for it.
        """
        card = model_of(scope, self._runtime.catalog)
        self._runtime.rate(card, context)
        schema = self._inference.schema(card)
        try:
            return card, await read_call(scope, receive, self._settings, schema)
        except AIError:
            self._runtime.check(card)
            raise


def bare(result: Any) -> Any:
    """A success: the result itself (contract 6.3)."""
    return result


def _fetches(call: Call) -> bool:
    """Whether the inputs ask for a batch's results (contract 5.1)."""
    return isinstance(call.inputs, dict) and call.inputs.keys() == {"request_id"}
