"""A validated body becomes a task request: contract section 3.1 and 4, defaults from the card."""

from collections.abc import Callable, Mapping
from typing import Any

from fogbank import errors, tasks
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.validation import text_boolean
from fogbank.errors import AIError
from fogbank.tasks import (
    JsonFormat,
    Message,
    Sampling,
    TaskRequest,
    TextClassificationRequest,
    TextEmbeddingsRequest,
    TextGenerationRequest,
    TokenClassificationRequest,
)

Body = Mapping[str, Any]


def task_request(card: Card, body: Body, defaults: SamplingDefaults) -> TaskRequest:
    """The request in terms of its task. `body` is what the card's input schema has checked.

    `defaults` stand where the body is silent about sampling.

    Raises AIError for what the schema cannot say: LoRA, image parts, a batch where none is served.
    """
    parse = _PARSERS.get(card.task)
    if parse is None:
        raise AIError(errors.INVALID_INPUT, detail=f"{card.task} is not served by this version")
    if "requests" in body and not ("text" in body or "prompt" in body or "messages" in body):
        raise AIError(
            errors.INVALID_INPUT, detail="'requests' needs ?queueRequest=true, not served yet"
        )
    return parse(card, body, defaults)


def refuse_images(body: Body) -> None:
    """Raises AIError for an `image`: no task here looks at one yet (decisions.md 9)."""
    if "image" in body:
        raise AIError(errors.INVALID_INPUT, detail="images are not read here")


def wants_stream(body: Body) -> bool:
    """Whether the answer should come as events. JSON mode does not stream (contract 3.4)."""
    return bool(body.get("stream")) and _json_schema_of(body) is None


def _text_generation(card: Card, body: Body, defaults: SamplingDefaults) -> TextGenerationRequest:
    if "lora" in body:
        raise AIError(errors.NO_LORA, model=card.name)
    json_format = _json_schema_of(body)
    if json_format and not card.json_mode:
        raise AIError(errors.NO_JSON_MODE)
    if "messages" in body:
        messages = tuple(_message(item) for item in body["messages"])
        if not messages:
            raise AIError(errors.INVALID_INPUT, detail="'messages' is empty")
        return TextGenerationRequest(
            messages=messages, sampling=_sampling(body, defaults), json_format=json_format
        )
    return TextGenerationRequest(
        prompt=body["prompt"],
        raw=text_boolean(body.get("raw")),
        sampling=_sampling(body, defaults),
        json_format=json_format,
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
    if isinstance(item.get("name"), str):
        message["name"] = item["name"]
    return message


def _content(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    if any("image_url" in part or part.get("type") == "image_url" for part in parts):
        raise AIError(errors.INVALID_INPUT, detail="images are not read here")
    return "".join(part.get("text", "") for part in parts)


def _json_schema_of(body: Body) -> JsonFormat | None:
    wanted = body.get("response_format")
    if wanted is None and "guided_json" in body:
        return JsonFormat(body["guided_json"])
    if not wanted or wanted.get("type") not in ("json_object", "json_schema"):
        return None
    if wanted["type"] == "json_object":
        return JsonFormat(None)
    schema = wanted.get("json_schema", {})
    if isinstance(schema, dict) and "schema" in schema and "type" not in schema:
        schema = schema["schema"]
    return JsonFormat(schema)


def _text_embeddings(card: Card, body: Body, defaults: SamplingDefaults) -> TextEmbeddingsRequest:
    text = body["text"]
    texts = (text,) if isinstance(text, str) else tuple(text)
    if not texts:
        raise AIError(errors.INVALID_INPUT, detail="'text' is empty")
    return TextEmbeddingsRequest(texts, body.get("pooling", "mean"))


def _text_classification(
    card: Card, body: Body, defaults: SamplingDefaults
) -> TextClassificationRequest:
    return TextClassificationRequest(body["text"])


def _token_classification(
    card: Card, body: Body, defaults: SamplingDefaults
) -> TokenClassificationRequest:
    return TokenClassificationRequest(body["text"])


_PARSERS: dict[str, Callable[[Card, Body, SamplingDefaults], TaskRequest]] = {
    tasks.TEXT_GENERATION: _text_generation,
    tasks.TEXT_EMBEDDINGS: _text_embeddings,
    tasks.TEXT_CLASSIFICATION: _text_classification,
    tasks.TOKEN_CLASSIFICATION: _token_classification,
}
