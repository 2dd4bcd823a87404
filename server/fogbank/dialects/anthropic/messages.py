"""`messages`: a conversation in, a message out."""

from collections.abc import Coroutine, Iterable
from typing import Any

from starlette.routing import Route
from starlette.types import Send

from fogbank import tasks
from fogbank.dialects.anthropic import conversation, reply
from fogbank.dialects.anthropic.events import MessageEvents
from fogbank.dialects.asgi import send_json
from fogbank.dialects.openai.endpoint import Ask, Endpoint
from fogbank.dialects.openai.fields import OPAQUE
from fogbank.dialects.openai.reply import envelope
from fogbank.dialects.openai.sampling import sampling
from fogbank.dialects.services import Services, route
from fogbank.dialects.streaming import send_stream
from fogbank.dialects.structured_output import json_format
from fogbank.errors import AIError, RouteError
from fogbank.runtime.context import Context
from fogbank.tasks import TextGenerationRequest, TextGenerationResult

PATHS = (
    "/client/v4/accounts/{account_id}/ai/v1/messages",
    "/client/v4/accounts/{account_id}/ai/v1/v1/messages",
    "/v1/messages",
)
"""The doubled `v1` is what Anthropic's SDK makes of the base URL that Cloudflare documents."""


def anthropic_routes(services: Services) -> Iterable[Route]:
    """The one route, at each of its paths."""
    messages = Messages(services)
    for path in PATHS:
        yield route(path, messages)


class Messages(Endpoint):
    """Every answer says by a header that it is an extension."""

    schema = "v1-messages"
    task = tasks.TEXT_GENERATION
    extension = "messages"
    opaque = OPAQUE | {"input"}
    dialect = "anthropic"

    def work(self, ask: Ask, send: Send) -> Coroutine[Any, Any, None]:
        request = _request(ask)
        answer = self._stream if ask.body.get("stream") else self._whole
        return answer(ask, request, send)

    async def _whole(self, ask: Ask, request: TextGenerationRequest, send: Send) -> None:
        answer = await self.runtime.run(ask.card, request, ask.context)
        result = answer.result
        assert isinstance(result, TextGenerationResult)
        content = reply.blocks(result)
        reason = reply.STOP_REASONS[result.finish_reason]
        usage = reply.usage(result.usage, answer.neurons)
        body = reply.message(ask.card, content, reason, usage)
        await send_json(send, 200, body, self.headers(ask, answer.neurons, result.evidence))

    async def _stream(self, ask: Ask, request: TextGenerationRequest, send: Send) -> None:
        framing = MessageEvents(ask.card)
        headers = self.headers(ask)
        await send_stream(self.runtime, ask.card, request, ask.context, send, headers, framing)

    def error_body(self, error: AIError | RouteError, context: Context) -> dict[str, Any]:
        """Cloudflare's envelope, and Anthropic's `type` and `error` beside it."""
        told = reply.error(error, context.request_id)
        return {**envelope(error, context.request_id), **told}


def _request(ask: Ask) -> TextGenerationRequest:
    body = ask.body
    wanted = body.get("output_config", {}).get("format", {"type": "text"})
    offered = conversation.functions(body)
    return TextGenerationRequest(
        messages=conversation.messages(body),
        sampling=sampling(body, ask.card, ask.defaults, stop="stop_sequences"),
        output_format=json_format(ask.card, wanted["type"], wanted.get("schema", {})),
        tools=offered,
        tool_choice=conversation.choice(body, offered),
    )
