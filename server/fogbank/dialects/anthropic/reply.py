"""Answers and errors in Anthropic's form."""

import uuid
from typing import Any

import orjson

from fogbank.catalog.card import Card
from fogbank.errors import AIError, RouteError
from fogbank.tasks import TextGenerationResult, ToolCall, Usage

STOP_REASONS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
"""`stop_sequence` is never given as a reason: engines do not say which end it was."""

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
}


def message(
    card: Card, content: list[dict[str, Any]], reason: str | None, usage: dict[str, Any]
) -> dict[str, Any]:
    """A message; `reason` is None while it is being written."""
    return {
        "id": f"msg_{uuid.uuid4().hex}",
        "type": "message",
        "role": "assistant",
        "model": card.name,
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": usage,
    }


def blocks(result: TextGenerationResult) -> list[dict[str, Any]]:
    """Text, if there is any, then the tools that are used."""
    text = result.text
    said = [{"type": "text", "text": text}] if text or not result.tool_calls else []
    return [*said, *(tool_use(made) for made in result.tool_calls)]


def tool_use(made: ToolCall) -> dict[str, Any]:
    """A call; its arguments are an object here."""
    arguments = orjson.loads(made.arguments)
    return {"type": "tool_use", "id": made.id, "name": made.name, "input": arguments}


def usage(counts: Usage, neurons: float | None) -> dict[str, Any]:
    """Anthropic counts tokens that come from the cache apart from `input_tokens`."""
    totals: dict[str, Any] = {
        "input_tokens": counts.prompt_tokens - counts.cached_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": counts.cached_tokens,
        "output_tokens": counts.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cached_tokens},
    }
    if neurons is not None:
        totals["neurons"] = round(neurons, 4)
    return totals


def error(problem: AIError | RouteError, request_id: str) -> dict[str, Any]:
    """`type` and `error` of an error body or event."""
    if isinstance(problem, RouteError):
        status, text = problem.status, problem.errors[-1][1]
    else:
        status, text = problem.kind.status, problem.message(request_id)
    kind = _TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": text}}
