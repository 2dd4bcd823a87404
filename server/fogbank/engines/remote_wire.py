"""Task requests as OpenAI's JSON, and OpenAI's JSON as task results and engine errors."""

import math
from dataclasses import dataclass, field
from typing import Any

import orjson

from fogbank.engines import remote_tools
from fogbank.engines.base import (
    EngineDead,
    EngineError,
    EngineOverloaded,
    EngineRefused,
    EngineTooLong,
    EngineUnavailable,
)
from fogbank.engines.conversation import turns
from fogbank.tasks import (
    Constraint,
    TextChunk,
    TextEmbeddingsResult,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)

# Of these all servers know the first row, vLLM and its like the second.
_SAMPLING = ("temperature", "top_p", "seed", "frequency_penalty", "presence_penalty",
             "top_k", "min_p", "repetition_penalty")  # fmt: skip
_LONGEST_MESSAGE = 500


def generation_body(
    model: str, request: TextGenerationRequest, *, stream: bool
) -> tuple[str, dict[str, Any]]:
    """The path below /v1 and the body."""
    body: dict[str, Any] = {"model": model, "max_tokens": request.sampling.max_tokens}
    for key in _SAMPLING:
        if (value := getattr(request.sampling, key)) is not None:
            body[key] = value
    if request.sampling.stop:
        body["stop"] = list(request.sampling.stop)
    body |= remote_tools.tool_fields(request)
    if request.constraint is not None and "tool_choice" not in body:
        body |= _constrained(request.constraint)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    raw = request.raw and request.messages is None
    body |= remote_tools.logprob_fields(request.sampling.logprobs, chat=not raw)
    if raw:
        return "completions", body | {"prompt": request.prompt or ""}
    messages = remote_tools.messages(turns(request))
    return "chat/completions", body | {"messages": messages}


def _constrained(constraint: Constraint) -> dict[str, Any]:
    """JSON as OpenAI's API has it; for what that lacks, the extension of vLLM's."""
    if constraint.kind == "json":
        schema = {"name": "answer", "schema": orjson.loads(constraint.text), "strict": True}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    kind = "grammar" if constraint.kind == "lark" else constraint.kind
    return {"structured_outputs": {kind: constraint.text}}


def generation_result(answer: Any) -> TextGenerationResult:
    """A completion or chat completion, not streamed. Raises EngineDead when it is not one."""
    try:
        choice = answer["choices"][0]
        text = choice["message"]["content"] if "message" in choice else choice["text"]
        usage = answer.get("usage") or {}
        return TextGenerationResult(
            text or "",
            _usage(usage),
            _reason(choice["finish_reason"]),
            remote_tools.logprobs(choice),
            remote_tools.calls(choice.get("message") or {}),
        )
    except (KeyError, IndexError, TypeError, AttributeError, ValueError) as error:
        raise EngineDead("the remote server's answer is not a completion") from error


def embeddings(answer: Any, count: int) -> TextEmbeddingsResult:
    """`count` embeddings in the order of the inputs, L2-normalised (decisions.md 13)."""
    try:
        rows = sorted(answer["data"], key=lambda row: row["index"])
        found = [_normalised(row["embedding"]) for row in rows]
    except (KeyError, TypeError) as error:
        raise EngineDead("the remote server's answer is not a list of embeddings") from error
    if len(found) != count:
        raise EngineDead(f"the remote server gave {len(found)} embeddings for {count} texts")
    tokens = (answer.get("usage") or {}).get("prompt_tokens")
    return TextEmbeddingsResult(found, Usage(tokens if isinstance(tokens, int) else 0))


def _normalised(vector: list[float]) -> list[float]:
    norm = math.sqrt(math.fsum(value * value for value in vector)) or 1.0
    return [value / norm for value in vector]


@dataclass(slots=True)
class ChunkReader:
    """The events of one streamed answer as chunks.

    The chunk with the finish_reason is held in `last` until the stream ends, since usage comes
    after it. Until then tokens are counted as one per event.
    """

    completion_tokens: int = 0
    last: TextChunk | None = None
    calls: remote_tools.StreamedCalls = field(default_factory=remote_tools.StreamedCalls)

    def read(self, data: bytes) -> TextChunk | None:
        """A chunk, where the event has text. Raises EngineError for an error event."""
        try:
            event = orjson.loads(data)
            if event.get("error"):
                raise _stream_error(event["error"])
            chunk = self._chunk(event["choices"][0]) if event.get("choices") else None
            if self.last is not None and (usage := event.get("usage")):
                totals = _usage(usage)
                self.last.prompt_tokens = totals.prompt_tokens
                self.last.completion_tokens = totals.completion_tokens
                self.last.cached_tokens = totals.cached_tokens
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise EngineDead("the remote server sent an event that is not a completion") from error
        return chunk

    def _chunk(self, choice: dict[str, Any]) -> TextChunk | None:
        delta = choice.get("delta")
        text = choice["text"] if delta is None else delta.get("content")
        parts = (delta or {}).get("tool_calls") or ()
        self.calls.add(parts)
        logprobs = remote_tools.logprobs(choice)
        if text or parts:
            self.completion_tokens += 1
        if choice.get("finish_reason") is not None:
            reason = _reason(choice["finish_reason"])
            count = self.completion_tokens
            self.last = TextChunk(
                text or "", completion_tokens=count, finish_reason=reason, logprobs=logprobs
            )
            called = self.calls.whole()
            return TextChunk("", completion_tokens=count, tool_calls=called) if called else None
        if not text and not logprobs:
            return None
        return TextChunk(text or "", completion_tokens=self.completion_tokens, logprobs=logprobs)


def _usage(usage: dict[str, Any]) -> Usage:
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        int(usage.get("prompt_tokens") or 0),
        int(usage.get("completion_tokens") or 0),
        int(details.get("cached_tokens") or 0),
    )


def _reason(reason: str | None) -> str:
    if reason in ("abort", "error"):
        raise EngineDead("the remote server aborted the request")
    return "length" if reason == "length" else "stop"


def _stream_error(error: Any) -> EngineError:
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, int) and 400 <= code < 500:
        return status_error(code, orjson.dumps({"error": error}))
    return EngineDead(f"the remote server failed: {message(orjson.dumps({'error': error}))}")


def status_error(status: int, body: bytes) -> EngineError:
    """The error for an HTTP status other than 200, with the server's own words."""
    said = message(body)
    if status in (400, 413, 422):
        if "context length" in said or "context_length" in said:
            return EngineTooLong(_first_number_after(said, ("requested", "prompt contains")))
        return EngineRefused(said)
    if status == 429:
        return EngineOverloaded(f"the remote server is busy: {said}")
    if status in (401, 403):
        return EngineUnavailable(f"the remote server refuses the API key ({status}): {said}")
    if 300 <= status < 400:
        return EngineUnavailable(f"the remote server redirects ({status}), which is not followed")
    return EngineUnavailable(f"the remote server answered {status}: {said}")


def _first_number_after(text: str, words: tuple[str, ...]) -> int:
    for word in words:
        for part in text.partition(word)[2].split():
            if part.isdigit():
                return int(part)
    return 0


def message(body: bytes) -> str:
    """The message inside an error body, whatever its form, cut to a readable length."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = body.decode("utf-8", "replace")
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and key in found:
            found = found[key]
    text = found if isinstance(found, str) else orjson.dumps(found).decode()
    return text.strip()[:_LONGEST_MESSAGE] or "no message"
