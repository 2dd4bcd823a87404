"""The sampling parameters of a request as vLLM takes them."""

from typing import Any

from fogbank.tasks import Sampling

HOTTEST = 2.0
"""vLLM's highest temperature; the contract's reaches 5 (3.1). Hotter requests get this."""

FLATTEST_TOP_P = 1.0
SHARPEST_TOP_P = 0.001


def sampling_arguments(sampling: Sampling) -> dict[str, Any]:
    """Keyword arguments of vLLM's SamplingParams; what the request leaves open is left out.

    Values that the contract allows and vLLM does not are moved to vLLM's nearest: a temperature
    over 2, a top_p of 0 or over 1. A repetition penalty of 0 (a division by zero) means none.
    """
    arguments: dict[str, Any] = {
        "max_tokens": sampling.max_tokens,
        "temperature": min(sampling.temperature, HOTTEST),
        # The object is made for this request and used by nobody else.
        "skip_clone": True,
    }
    if sampling.top_p is not None:
        arguments["top_p"] = min(max(sampling.top_p, SHARPEST_TOP_P), FLATTEST_TOP_P)
    if sampling.repetition_penalty:
        arguments["repetition_penalty"] = sampling.repetition_penalty
    for name in ("top_k", "seed", "frequency_penalty", "presence_penalty", "min_p", "logprobs"):
        value = getattr(sampling, name)
        if value is not None:
            arguments[name] = value
    if stop := [text for text in sampling.stop if text]:
        arguments["stop"] = stop
    return arguments
