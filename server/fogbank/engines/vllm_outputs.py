"""What vLLM puts out, as results and chunks, and its errors as EngineErrors."""

from typing import Any

from fogbank.engines.base import (
    EngineError,
    EngineOverloaded,
    EngineRefused,
    EngineUnavailable,
)
from fogbank.tasks import TextChunk, TextGenerationResult, TokenLogprob, Usage


def result(output: Any, finish_reason: str, likeliest: int | None) -> TextGenerationResult:
    """The whole answer; `likeliest` as `Sampling.logprobs`."""
    completion = output.outputs[0]
    usage = Usage(
        prompt_tokens=len(output.prompt_token_ids),
        completion_tokens=len(completion.token_ids),
        cached_tokens=output.num_cached_tokens or 0,
    )
    return TextGenerationResult(
        completion.text, usage, finish_reason, token_logprobs(completion, likeliest)
    )


def chunk(
    output: Any, completion_tokens: int, finish_reason: str | None, likeliest: int | None
) -> TextChunk:
    """New text; `completion_tokens` is the total so far."""
    completion = output.outputs[0]
    return TextChunk(
        completion.text,
        len(output.prompt_token_ids),
        completion_tokens,
        output.num_cached_tokens or 0,
        finish_reason,
        token_logprobs(completion, likeliest),
    )


def token_logprobs(completion: Any, likeliest: int | None) -> tuple[TokenLogprob, ...]:
    """Of each token in turn. vLLM adds the drawn token to the likeliest where it is not of them."""
    if likeliest is None or not completion.logprobs:
        return ()
    found = []
    for token, place in zip(completion.token_ids, completion.logprobs, strict=False):
        ranked = sorted(place.values(), key=lambda entry: entry.rank or 0)
        top = tuple(
            (entry.decoded_token or "", entry.logprob)
            for entry in ranked
            if entry.rank is None or entry.rank <= likeliest
        )
        drawn = place[token]
        found.append(TokenLogprob(drawn.decoded_token or "", drawn.logprob, top))
    return tuple(found)


def translated(error: Exception, vllm: Any, *, with_schema: bool) -> EngineError:
    """An error that vLLM raised for one request, its engine alive."""
    if isinstance(error, vllm.EngineGenerateError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    if isinstance(error, _named(vllm.exceptions, "GracefulHTTPError")):
        return EngineOverloaded(str(error))
    if isinstance(error, _named(vllm.exceptions, "RetryableRequestError")):
        return EngineUnavailable(str(error))
    refused = _named(vllm.exceptions, "VLLMClientError")
    if isinstance(error, (*refused, ValueError, OverflowError)):
        return EngineRefused(str(error))
    if with_schema:
        return EngineRefused(f"vLLM cannot use this JSON schema: {error}")
    return EngineError(f"vLLM failed: {type(error).__name__}: {error}")


def _named(module: Any, name: str) -> tuple[type[Exception], ...]:
    """An exception class, if this vLLM has it."""
    return (getattr(module, name),) if hasattr(module, name) else ()
