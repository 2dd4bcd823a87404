"""A task's result becomes the `result` of an answer (contract sections 3.2, 3.3 and 4)."""

from typing import Any

import orjson

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.engines.base import TaskResult
from fogbank.errors import AIError
from fogbank.tasks import (
    Entity,
    JsonFormat,
    LabelScore,
    TaskRequest,
    TextEmbeddingsRequest,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)


def result(card: Card, request: TaskRequest, outcome: TaskResult, *, now_ms: int) -> Any:
    """The value of `result`: an object, or a bare array for the classifiers."""
    if isinstance(outcome, TextGenerationResult):
        assert isinstance(request, TextGenerationRequest)
        response = _response(request.json_format, outcome)
        if card.output == "chat-completion":
            return _chat_completion(card, outcome, now_ms)
        return {"response": response, "tool_calls": [], "usage": usage(outcome.usage)}
    if isinstance(request, TextEmbeddingsRequest):
        rows = [row for row in outcome if isinstance(row, list)]
        shape = [len(rows), len(rows[0])]
        return {"shape": shape, "data": rows, "pooling": request.pooling}
    return [_item(item) for item in outcome if isinstance(item, LabelScore | Entity)]


def usage(counts: Usage) -> dict[str, Any]:
    """Token counts as bodies carry them."""
    return {
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "total_tokens": counts.prompt_tokens + counts.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cached_tokens},
    }


def _item(item: LabelScore | Entity) -> dict[str, Any]:
    if isinstance(item, LabelScore):
        return {"label": item.label, "score": item.score}
    return {
        "entity_group": item.entity_group,
        "word": item.word,
        "score": item.score,
        "start": item.start,
        "end": item.end,
    }


def _response(json_format: JsonFormat | None, outcome: TextGenerationResult) -> Any:
    """Text; in JSON mode with a schema the parsed value (decisions.md 1)."""
    if json_format is None:
        return outcome.text
    try:
        value = orjson.loads(outcome.text)
    except orjson.JSONDecodeError:
        cut = outcome.finish_reason == "length"
        detail = "max_tokens ended the answer first" if cut else "the model did not write JSON"
        raise AIError(errors.JSON_MODE_FAILED, detail=detail) from None
    return outcome.text if json_format.schema is None else value


def _chat_completion(card: Card, outcome: TextGenerationResult, now_ms: int) -> dict[str, Any]:
    message = {"role": "assistant", "content": outcome.text}
    choice = {"index": 0, "message": message, "finish_reason": outcome.finish_reason}
    return {
        "id": f"id-{now_ms}",
        "object": "chat.completion",
        "created": now_ms // 1000,
        "model": card.name,
        "choices": [{**choice, "logprobs": None}],
        "usage": usage(outcome.usage),
    }
