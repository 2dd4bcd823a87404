"""`output` of a response: messages, function calls, and the end of it all."""

import uuid
from typing import Any

from fogbank.tasks import ToolCall, Usage


def message(text: str, finish_reason: str, identifier: str | None = None) -> dict[str, Any]:
    """A whole message."""
    return {
        "type": "message",
        "id": identifier or f"msg_{uuid.uuid4().hex}",
        "role": "assistant",
        "status": "incomplete" if finish_reason == "length" else "completed",
        "content": [text_part(text)],
    }


def text_part(text: str) -> dict[str, Any]:
    """The one kind of content there is."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def function_call(made: ToolCall) -> dict[str, Any]:
    """A call; `call_id` is what its output has to name."""
    return {
        "type": "function_call",
        "id": f"fc_{made.id}",
        "call_id": made.id,
        "name": made.name,
        "arguments": made.arguments,
        "status": "completed",
    }


def completed(
    shell: dict[str, Any],
    output: list[dict[str, Any]],
    finish_reason: str,
    counts: Usage,
    neurons: float | None,
) -> dict[str, Any]:
    """The response at its end: completed, or incomplete where max_output_tokens cut it off."""
    cut = finish_reason == "length"
    return {
        **shell,
        "status": "incomplete" if cut else "completed",
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": output,
        "usage": usage(counts, neurons),
    }


def usage(counts: Usage, neurons: float | None) -> dict[str, Any]:
    """Token counts under the names of this API, and under those of all others."""
    totals: dict[str, Any] = {
        "input_tokens": counts.prompt_tokens,
        "input_tokens_details": {"cached_tokens": counts.cached_tokens},
        "output_tokens": counts.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": counts.prompt_tokens + counts.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": counts.cached_tokens},
    }
    if neurons is not None:
        totals["neurons"] = round(neurons, 4)
    return totals
