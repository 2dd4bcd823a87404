"""Text generation: prompt or messages in, text or a chat completion out (contract 3.1 to 3.4)."""

import time
from typing import Any

import orjson

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.structured_output import JSON_KINDS, json_format, unwrapped
from fogbank.dialects.workers_ai.forms import function_calling
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.dialects.workers_ai.validation import text_boolean
from fogbank.errors import AIError
from fogbank.tasks import (
    JsonFormat,
    Message,
    OutputFormat,
    Sampling,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)


def wants_stream(body: Body, *, json_streams: bool) -> bool:
    """Whether the answer should come as events.

    JSON mode streams as text does, an extension, unless `json_streams` is off (contract 3.4).
    """
    return bool(body.get("stream")) and (json_streams or _json_mode(body) is None)


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> TextGenerationRequest:
    """A prompt or a conversation.

    Raises AIError for image parts, empty conversations, and JSON mode where there is none.
    """
    mode = _json_mode(body)
    output_format = json_format(card, *mode) if mode else None
    if "messages" in body:
        messages = tuple(_message(item) for item in body["messages"])
        if not messages:
            raise AIError(errors.INVALID_INPUT, detail="'messages' is empty")
        return TextGenerationRequest(
            messages=messages,
            sampling=_sampling(body, defaults),
            output_format=output_format,
            tools=function_calling.tools(body),
            tool_choice=function_calling.tool_choice(body.get("tool_choice")),
        )
    return TextGenerationRequest(
        prompt=body["prompt"],
        raw=text_boolean(body.get("raw")),
        sampling=_sampling(body, defaults),
        output_format=output_format,
    )


def _sampling(body: Body, defaults: SamplingDefaults) -> Sampling:
    max_tokens = int(body.get("max_tokens", defaults.max_tokens))
    if max_tokens < 1:
        raise AIError(errors.INVALID_INPUT, detail="'max_tokens' must be at least 1")
    return Sampling(
        max_tokens=max_tokens,
        temperature=body.get("temperature", defaults.temperature),
        top_p=body.get("top_p", defaults.top_p),
        top_k=_integer(body.get("top_k", defaults.top_k)),
        seed=_integer(body.get("seed")),
        repetition_penalty=body.get("repetition_penalty", defaults.repetition_penalty),
        frequency_penalty=body.get("frequency_penalty"),
        presence_penalty=body.get("presence_penalty"),
    )


def _integer(value: float | None) -> int | None:
    return None if value is None else int(value)


def _message(item: Body) -> Message:
    message = Message(role=item.get("role", "user"), content=_content(item.get("content", "")))
    function_calling.about_tools(message, item)
    return message


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    if any("image_url" in part or part.get("type") == "image_url" for part in parts):
        raise AIError(errors.INVALID_INPUT, detail="images are not read here")
    return "".join(part.get("text", "") for part in parts)


def _json_mode(body: Body) -> tuple[str, Any] | None:
    """What kind of JSON is asked for, and the schema, which counts for `json_schema`."""
    wanted = body.get("response_format")
    if wanted is None and "guided_json" in body:
        return "json_schema", body["guided_json"]
    if not wanted or wanted.get("type") not in JSON_KINDS:
        return None
    return wanted["type"], unwrapped(wanted.get("json_schema", {}))


def render(card: Card, request: TextGenerationRequest, outcome: TextGenerationResult) -> Any:
    """The native form, or a chat completion where the card says so (contract 3.2, 3.3)."""
    if card.output == "chat-completion":
        return _chat_completion(card, outcome)
    calls = function_calling.native_calls(outcome.tool_calls)
    response = _response(request.output_format, outcome)
    return {"response": response, "tool_calls": calls, "usage": usage(outcome.usage)}


def usage(counts: Usage, neurons: float | None = None) -> dict[str, Any]:
    """Token counts as bodies carry them; `neurons` where the model has a price."""
    totals: dict[str, Any] = {
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "total_tokens": counts.prompt_tokens + counts.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cached_tokens},
    }
    if neurons is not None:
        totals["neurons"] = round(neurons, 4)
    return totals


def _response(output_format: OutputFormat | None, outcome: TextGenerationResult) -> Any:
    """Text; in JSON mode with a schema the value (decisions.md 1), every digit as it was written.

    As a fragment, since orjson reads more levels than it writes, and rounds large integers.
    """
    held = isinstance(output_format, JsonFormat) and output_format.schema is not None
    if not held or outcome.tool_calls:
        return outcome.text
    try:
        orjson.loads(outcome.text)
    except orjson.JSONDecodeError:
        raise AIError(errors.JSON_MODE_FAILED, detail="the answer is not JSON") from None
    return orjson.Fragment(outcome.text)


def _chat_completion(card: Card, outcome: TextGenerationResult) -> dict[str, Any]:
    now_ms = int(time.time() * 1000)
    message: dict[str, Any] = {"role": "assistant", "content": outcome.text}
    if outcome.tool_calls:
        message["content"] = outcome.text or None
        message["tool_calls"] = function_calling.openai_calls(outcome.tool_calls)
    choice = {"index": 0, "message": message, "finish_reason": outcome.finish_reason}
    return {
        "id": f"id-{now_ms}",
        "object": "chat.completion",
        "created": now_ms // 1000,
        "model": card.name,
        "choices": [{**choice, "logprobs": None}],
        "usage": usage(outcome.usage),
    }
