"""`chat/completions` (contract 1.6)."""

from typing import Any

import orjson

from fogbank.dialects.openai import choices, conversation, logprobs, tools
from fogbank.dialects.openai.endpoint import Ask
from fogbank.dialects.openai.fields import Body, refused
from fogbank.dialects.openai.generation import ChoiceEvents, GenerationEndpoint, Wanted
from fogbank.dialects.openai.output_format import form_of
from fogbank.dialects.openai.sampling import sampling
from fogbank.tasks import (
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
    Tool,
    ToolCall,
    ToolChoice,
)


class ChatCompletions(GenerationEndpoint):
    """A conversation in, assistant messages out."""

    schema = "v1-chat-completions"
    whole_object = "chat.completion"
    piece_object = "chat.completion.chunk"

    def read(self, ask: Ask) -> Wanted:
        body = ask.body
        if body.get("logit_bias"):
            raise refused("logit_bias", "'logit_bias' is not served here")
        if body.get("functions"):
            raise refused("functions", "'functions' is not served here; 'tools' is")
        offered = tuple(tools.tool(item["function"]) for item in body.get("tools", ()))
        form = form_of(ask.card, body)
        request = TextGenerationRequest(
            messages=conversation.messages(body),
            sampling=sampling(
                body,
                ask.card,
                ask.defaults,
                limit=("max_completion_tokens", "max_tokens"),
                logprobs=_logprobs(body),
            ),
            output_format=form.wanted,
            tools=offered,
            tool_choice=_choice(body.get("tool_choice", "auto"), offered),
        )
        n = int(body.get("n", 1))
        return Wanted(choices.several(request, n), n, body.get("stream", False), form)

    def choice(
        self, index: int, request: TextGenerationRequest, result: TextGenerationResult
    ) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": result.text}
        if result.tool_calls:
            message["content"] = result.text or None
            message["tool_calls"] = [tool_call(made) for made in result.tool_calls]
        asked = request.sampling.logprobs is not None
        return {
            "index": index,
            "message": message,
            "finish_reason": result.finish_reason,
            "logprobs": logprobs.for_chat(result.logprobs) if asked else None,
        }

    def events(self, head: dict[str, Any], index: int) -> ChoiceEvents:
        return ChatEvents(head, index)


def _logprobs(body: Body) -> int | None:
    if not body.get("logprobs"):
        if body.get("top_logprobs"):
            raise refused("top_logprobs", "'top_logprobs' needs 'logprobs': true")
        return None
    return int(body.get("top_logprobs", 0))


def _choice(wanted: Any, offered: tuple[Tool, ...]) -> ToolChoice:
    if isinstance(wanted, dict):
        return tools.tool_choice(wanted["function"]["name"], "", offered)
    return tools.tool_choice(None, wanted, offered)


def tool_call(made: ToolCall) -> dict[str, Any]:
    """A call in OpenAI's form: `arguments` is JSON text."""
    function = {"name": made.name, "arguments": made.arguments}
    return {"id": made.id, "type": "function", "function": function}


_NO_REASON = b'},"finish_reason":null}]}\n\n'


class ChatEvents:
    """`chat.completion.chunk` events of one choice: the role first, the finish reason last."""

    def __init__(self, head: dict[str, Any], index: int) -> None:
        begin = b"data: " + orjson.dumps(head)[:-1] + b',"choices":[{"index":%d,"delta":' % index
        self._begin = begin
        self._text = begin + b'{"content":'
        self._role = begin + b'{"role":"assistant","content":""},"finish_reason":null}]}\n\n'
        self._calls = 0

    def __call__(self, chunk: TextChunk) -> bytes:
        if chunk.finish_reason or chunk.tool_calls or chunk.logprobs or self._role:
            return self._whole(chunk)
        # What most chunks are, and the token path has to be short for.
        return self._text + orjson.dumps(chunk.text) + _NO_REASON if chunk.text else b""

    def _whole(self, chunk: TextChunk) -> bytes:
        data, self._role = self._role, b""
        if chunk.text or chunk.logprobs:
            data += self._text + orjson.dumps(chunk.text)
            if chunk.logprobs:
                data += b'},"logprobs":' + orjson.dumps(logprobs.for_chat(chunk.logprobs))
                data += b',"finish_reason":null}]}\n\n'
            else:
                data += _NO_REASON
        if chunk.tool_calls:
            calls = [
                {"index": at, **tool_call(made)}
                for at, made in enumerate(chunk.tool_calls, self._calls)
            ]
            self._calls += len(calls)
            delta = orjson.dumps({"tool_calls": calls})
            data += self._begin + delta + b',"finish_reason":null}]}\n\n'
        if chunk.finish_reason is not None:
            reason = orjson.dumps(chunk.finish_reason)
            data += self._begin + b'{},"finish_reason":' + reason + b"}]}\n\n"
        return data
