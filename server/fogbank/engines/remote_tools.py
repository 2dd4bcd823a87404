"""Function calling and log-probabilities as OpenAI's JSON, to a remote server and back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fogbank.engines.conversation import functions
from fogbank.tasks import (
    Message,
    NamedTool,
    TextGenerationRequest,
    TokenLogprob,
    ToolCall,
    new_call_id,
)

UNKNOWN_CALL = "000000001"
"""The id of the call that a result answers, where the client did not say (contract 3.1)."""


def messages(turns: Sequence[Message]) -> list[dict[str, Any]]:
    """The conversation."""
    return [_message(turn) for turn in turns]


def _message(turn: Message) -> dict[str, Any]:
    message: dict[str, Any] = {**turn}
    if turn["role"] in ("tool", "function"):
        message["role"] = "tool"
        message.setdefault("tool_call_id", UNKNOWN_CALL)
    if calls := turn.get("tool_calls"):
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments},
            }
            for call in calls
        ]
    return message


def tool_fields(request: TextGenerationRequest) -> dict[str, Any]:
    """`tools` and, where a call must be made, `tool_choice`: the server holds the answer to it."""
    if not request.tools:
        return {}
    fields: dict[str, Any] = {"tools": functions(request.tools)}
    if isinstance(request.tool_choice, NamedTool):
        named = {"name": request.tool_choice.name}
        fields["tool_choice"] = {"type": "function", "function": named}
    elif request.tool_choice == "required":
        fields["tool_choice"] = "required"
    return fields


def logprob_fields(count: int | None, *, chat: bool) -> dict[str, Any]:
    """How log-probabilities are asked for."""
    if count is None:
        return {}
    return {"logprobs": True, "top_logprobs": count} if chat else {"logprobs": count}


def logprobs(choice: dict[str, Any]) -> tuple[TokenLogprob, ...]:
    """Those of a choice, in the form of chat completions or of completions."""
    told = choice.get("logprobs") or {}
    if content := told.get("content"):
        return tuple(
            TokenLogprob(
                entry["token"],
                entry["logprob"],
                tuple((other["token"], other["logprob"]) for other in entry["top_logprobs"]),
            )
            for entry in content
        )
    tokens, values = told.get("tokens") or (), told.get("token_logprobs") or ()
    tops = told.get("top_logprobs") or [{}] * len(tokens)
    return tuple(
        TokenLogprob(token, value, tuple((top or {}).items()))
        for token, value, top in zip(tokens, values, tops, strict=True)
    )


def calls(message: dict[str, Any]) -> tuple[ToolCall, ...]:
    """The calls of a whole message."""
    return tuple(
        ToolCall(
            call.get("id") or new_call_id(),
            call["function"]["name"],
            call["function"].get("arguments") or "{}",
        )
        for call in message.get("tool_calls") or ()
    )


@dataclass(slots=True)
class StreamedCalls:
    """Calls that come in pieces, put together by their index."""

    _calls: dict[int, dict[str, Any]] = field(default_factory=dict)

    def add(self, deltas: Sequence[dict[str, Any]]) -> None:
        """The `tool_calls` of one delta."""
        for delta in deltas:
            function = delta.get("function") or {}
            call = self._calls.setdefault(
                delta.get("index", 0), {"id": None, "function": {"name": "", "arguments": ""}}
            )
            call["id"] = call["id"] or delta.get("id")
            call["function"]["name"] += function.get("name") or ""
            call["function"]["arguments"] += function.get("arguments") or ""

    def whole(self) -> tuple[ToolCall, ...]:
        """All of them, once the stream has ended."""
        return calls({"tool_calls": [self._calls[index] for index in sorted(self._calls)]})
