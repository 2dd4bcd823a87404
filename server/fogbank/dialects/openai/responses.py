"""`responses` (contract 1.6, 3.6): text, JSON and function calls; nothing is kept of any."""

import time
import uuid
from collections.abc import Coroutine
from typing import Any

import orjson
from starlette.types import Send

from fogbank import tasks
from fogbank.catalog.card import Card
from fogbank.dialects.asgi import send_json
from fogbank.dialects.openai import responses_input
from fogbank.dialects.openai.endpoint import Ask, Endpoint
from fogbank.dialects.openai.fields import Body, refused
from fogbank.dialects.openai.output_format import Form, json_form
from fogbank.dialects.openai.responses_events import ResponseEvents
from fogbank.dialects.openai.responses_output import completed, function_call, message
from fogbank.dialects.openai.sampling import sampling
from fogbank.dialects.streaming import send_stream
from fogbank.tasks import TextGenerationRequest, TextGenerationResult

STATEFUL = ("previous_response_id", "conversation", "prompt", "background")
"""What needs a server that keeps responses; this one keeps nothing. `store` is ignored."""


class Responses(Endpoint):
    """A conversation in, output items out."""

    schema = "v1-responses"
    task = tasks.TEXT_GENERATION

    def work(self, ask: Ask, send: Send) -> Coroutine[Any, Any, None]:
        for name in STATEFUL:
            if ask.body.get(name):
                raise refused(name, f"'{name}' is not served here: responses are not stored")
        wanted = ask.body.get("text", {}).get("format", {"type": "text"})
        form = json_form(ask.card, wanted["type"], wanted.get("schema", {}), "text.format")
        request = _request(ask, form)
        shell = _shell(ask.card, ask.body, request)
        try:
            orjson.dumps(shell)
        except orjson.JSONEncodeError:
            raise refused("tools", "a schema is nested too deeply") from None
        answer = self._stream if ask.body.get("stream") else self._whole
        return answer(ask, request, form, shell, send)

    async def _whole(
        self,
        ask: Ask,
        request: TextGenerationRequest,
        form: Form,
        shell: dict[str, Any],
        send: Send,
    ) -> None:
        with form.blamed():
            answer = await self.runtime.run(ask.card, request, ask.context)
        result = answer.result
        assert isinstance(result, TextGenerationResult)
        output = []
        if result.text or not result.tool_calls:
            output.append(message(result.text, result.finish_reason))
        output += [function_call(made) for made in result.tool_calls]
        body = completed(shell, output, result.finish_reason, result.usage, answer.neurons)
        await send_json(send, 200, body, self.headers(ask, answer.neurons, result.evidence))

    async def _stream(
        self,
        ask: Ask,
        request: TextGenerationRequest,
        form: Form,
        shell: dict[str, Any],
        send: Send,
    ) -> None:
        framing = ResponseEvents(shell)
        headers = self.headers(ask)
        with form.blamed():
            await send_stream(self.runtime, ask.card, request, ask.context, send, headers, framing)


def _request(ask: Ask, form: Form) -> TextGenerationRequest:
    body = ask.body
    offered = responses_input.functions(body)
    return TextGenerationRequest(
        messages=responses_input.messages(body),
        sampling=sampling(body, ask.card, ask.defaults, limit=("max_output_tokens",)),
        output_format=form.wanted,
        tools=offered,
        tool_choice=responses_input.choice(body, offered),
    )


def _shell(card: Card, body: Body, request: TextGenerationRequest) -> dict[str, Any]:
    """A response before anything was written: what was asked, repeated."""
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": request.sampling.max_tokens,
        "metadata": {},
        "model": card.name,
        "output": [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "store": False,
        "temperature": request.sampling.temperature,
        "text": {"format": body.get("text", {}).get("format", {"type": "text"})},
        "tool_choice": responses_input.choice_echo(request.tool_choice),
        "tools": [
            {
                "type": "function",
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": True,
            }
            for tool in request.tools
        ],
        "top_p": request.sampling.top_p,
        "truncation": "disabled",
        "usage": None,
    }
