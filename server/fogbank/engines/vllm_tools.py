"""vLLM's own tool parsers: how each family of models writes its calls."""

from collections.abc import Sequence
from typing import Any

import structlog

from fogbank.engines.base import EngineMisconfigured
from fogbank.engines.json_calls import JsonCalls, as_call
from fogbank.engines.tool_text import CallParser
from fogbank.tasks import Tool, ToolCall

_OPENING_NAMES = ("tool_calls_start_token", "tool_call_start_token", "tool_start_token",
                  "bot_token")  # fmt: skip

log = structlog.get_logger("fogbank.engine")


def call_parser(name: str | None, tokenizer: Any) -> CallParser:
    """The parser that vLLM calls `name`; without a name the one for calls written as JSON.

    Raises EngineMisconfigured for a name that vLLM does not have, or not for this tokenizer.
    """
    if name is None:
        return JsonCalls()
    from vllm.tool_parsers import ToolParserManager

    try:
        kind = ToolParserManager.get_tool_parser(name)
        return VllmCalls(kind, tokenizer)
    except (KeyError, RuntimeError, ValueError, TypeError, ImportError) as error:
        raise EngineMisconfigured(f"the tool_parser {name!r} cannot be used: {error}") from error


class VllmCalls:
    """A `CallParser` over one of vLLM's, which is made anew for every answer: it keeps a state.

    `shows_special_tokens` tells that it reads tokens that are left out of an answer otherwise.
    """

    def __init__(self, kind: Any, tokenizer: Any) -> None:
        self._kind = kind
        self._tokenizer = tokenizer
        self._request = _chat_request()
        made = self._made(())
        found = (getattr(made, name, None) for name in _OPENING_NAMES)
        openings = tuple(text for text in found if isinstance(text, str) and text)
        self.openings: Sequence[str] | None = openings or None
        probe = self._asked((Tool("probe", "", {"type": "object", "properties": {}}),))
        adjusted = made.adjust_request(probe)
        self.shows_special_tokens = not getattr(adjusted, "skip_special_tokens", True)

    def parse(self, text: str, tools: Sequence[Tool]) -> tuple[str, tuple[ToolCall, ...]]:
        try:
            found = self._made(tools).extract_tool_calls(text, self._asked(tools))
            calls = [
                as_call({"name": call.function.name, "arguments": call.function.arguments})
                for call in found.tool_calls
            ]
        except Exception as error:  # a parser of text that a model made up may raise anything
            log.warning("tool parser failed", error=f"{type(error).__name__}: {error}"[:200])
            return text, ()
        if not found.tools_called or not calls or None in calls:
            return text, ()
        return found.content or "", tuple(call for call in calls if call is not None)

    def _made(self, tools: Sequence[Tool]) -> Any:
        asked = self._asked(tools)
        return self._kind(self._tokenizer, asked.tools)

    def _asked(self, tools: Sequence[Tool]) -> Any:
        functions = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": dict(tool.parameters),
                },
            }
            for tool in tools
        ]
        return self._request(
            model="",
            messages=[{"role": "user", "content": ""}],
            **({"tools": functions, "tool_choice": "auto"} if functions else {}),
        )


def _chat_request() -> Any:
    """The class of a chat request, wherever this vLLM keeps it."""
    try:
        from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
    except ImportError:
        from vllm.entrypoints.openai.protocol import ChatCompletionRequest
    return ChatCompletionRequest
