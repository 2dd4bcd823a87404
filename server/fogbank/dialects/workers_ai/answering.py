"""A prepared run, answered: what REST and the binding have in common once they know what to run."""

from collections.abc import Callable
from typing import Any

from starlette.types import Receive, Send

from fogbank.dialects.asgi import ClientGone, send_json, while_connected
from fogbank.dialects.streaming import send_stream
from fogbank.dialects.workers_ai.inference import Inference, Prepared
from fogbank.runtime.context import Context
from fogbank.tasks import TextGenerationRequest


async def send_answer(
    inference: Inference,
    prepared: Prepared,
    context: Context,
    receive: Receive,
    send: Send,
    body_of: Callable[[Any], Any],
) -> None:
    """Sends a stream, or a whole answer as the dialect's `body_of` its result.

    Raises AIError before anything was sent, ClientGone when the client leaves.
    """
    if prepared.streamed:
        work = _stream(inference, prepared, context, send)
    else:
        work = _whole(inference, prepared, context, send, body_of)
    if not await while_connected(receive, work):
        raise ClientGone


async def _whole(
    inference: Inference,
    prepared: Prepared,
    context: Context,
    send: Send,
    body_of: Callable[[Any], Any],
) -> None:
    whole = await inference.whole(prepared, context)
    await send_json(send, 200, body_of(whole.result), whole.headers)


async def _stream(inference: Inference, prepared: Prepared, context: Context, send: Send) -> None:
    assert isinstance(prepared.request, TextGenerationRequest)
    await send_stream(
        inference.runtime,
        prepared.card,
        prepared.request,
        context,
        send,
        inference.headers(prepared.card, context),
        inference.framing(prepared),
    )
