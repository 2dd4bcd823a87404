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
from fogbank.dialects.openai import responses_input, tools
from fogbank.dialects.openai.endpoint import Ask, Endpoint
from fogbank.dialects.openai.fields import Body, refused
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
        request = _request(ask)
        shell = _shell(ask.card, ask.body, request)
        try:
            orjson.dumps(shell)
        except orjson.JSONEncodeError:
            raise refused("tools", "a schema is nested too deeply") from None
        answer = self._stream if ask.body.get("stream") else self._whole
        return answer(ask, request, shell, send)

    async def _whole(
        self, ask: Ask, request: TextGenerationRequest, shell: dict[str, Any], send: Send
    ) -> None:
        answer = await self.runtime.run(ask.card, request, ask.context)
        result = answer.result
        assert isinstance(result, TextGenerationResult)
        output = []
        if (text := tools.text_of(request.json_format, result)) or not result.tool_calls:
            output.append(message(text, result.finish_reason))
        output += [function_call(made) for made in result.tool_calls]
        body = completed(shell, output, result.finish_reason, result.usage, answer.neurons)
        await send_json(send, 200, body, self.headers(ask, answer.neurons))

    async def _stream(
        self, ask: Ask, request: TextGenerationRequest, shell: dict[str, Any], send: Send
    ) -> None:
        framing = ResponseEvents(shell)
        headers = self.headers(ask)
        await send_stream(self.runtime, ask.card, request, ask.context, send, headers, framing)


def _request(ask: Ask) -> TextGenerationRequest:
    body = ask.body
    wanted = body.get("text", {}).get("format", {"type": "text"})
    offered = responses_input.functions(body)
    return TextGenerationRequest(
        messages=responses_input.messages(body),
        sampling=sampling(body, ask.card, ask.defaults, limit=("max_output_tokens",)),
        json_format=tools.json_format(ask.card, wanted["type"], wanted.get("schema", {})),
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
