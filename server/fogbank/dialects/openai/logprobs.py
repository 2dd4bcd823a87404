"""Log-probabilities in OpenAI's two forms."""

from collections.abc import Iterable
from typing import Any

from fogbank.tasks import TokenLogprob

LOWEST = -9999.0
"""Stands for minus infinity, which JSON cannot say."""


def for_chat(tokens: Iterable[TokenLogprob]) -> dict[str, Any]:
    """`logprobs` of a chat choice."""
    entries = [
        {
            **_entry(item.token, item.logprob),
            "top_logprobs": [_entry(token, value) for token, value in item.top],
        }
        for item in tokens
    ]
    return {"content": entries, "refusal": None}


def for_completion(tokens: Iterable[TokenLogprob], offset: int = 0) -> dict[str, Any]:
    """`logprobs` of a text completion; `offset` is where in the text the first token begins."""
    found: dict[str, list[Any]] = {
        "tokens": [],
        "token_logprobs": [],
        "top_logprobs": [],
        "text_offset": [],
    }
    for item in tokens:
        found["tokens"].append(item.token)
        found["token_logprobs"].append(max(item.logprob, LOWEST))
        found["top_logprobs"].append({token: max(value, LOWEST) for token, value in item.top})
        found["text_offset"].append(offset)
        offset += len(item.token)
    return found


def _entry(token: str, logprob: float) -> dict[str, Any]:
    return {
        "token": token,
        "logprob": max(logprob, LOWEST),
        "bytes": list(token.encode("utf-8", "surrogatepass")),
    }
