"""`config.json` and `generation_config.json` of a Llama model, from a GGUF file's metadata."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogbank.weights.errors import WeightsError
from fogbank.weights.gguf_file import Gguf
from fogbank.weights.safetensors_file import Precision

ROPE_FACTORS = "rope_freqs.weight"
_LLAMA3 = {
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}


def short(value: float) -> float:
    """A float32 as the decimal that its author wrote: 1e-05, not 9.999999747378752e-06."""
    return float(str(np.float32(value)))


def heads(gguf: Gguf) -> tuple[int, int]:
    """Query heads and key-value heads."""
    query = int(gguf.metadata["llama.attention.head_count"])
    return query, int(gguf.metadata.get("llama.attention.head_count_kv", query))


def config(gguf: Gguf, precision: Precision, *, tied: bool) -> dict[str, Any]:
    """`tied`: whether the output layer is the embedding."""

    def get(key: str) -> Any:
        return gguf.metadata[f"llama.{key}"]

    query, key_value = heads(gguf)
    head_dim = gguf.metadata.get("llama.rope.dimension_count", get("embedding_length") // query)
    theta = short(gguf.metadata.get("llama.rope.freq_base", 10000.0))
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": gguf.metadata.get("tokenizer.ggml.bos_token_id"),
        "eos_token_id": gguf.metadata.get("tokenizer.ggml.eos_token_id"),
        "pad_token_id": gguf.metadata.get("tokenizer.ggml.padding_token_id"),
        "head_dim": head_dim,
        "hidden_act": "silu",
        "hidden_size": get("embedding_length"),
        "intermediate_size": get("feed_forward_length"),
        "max_position_embeddings": get("context_length"),
        "mlp_bias": False,
        "num_attention_heads": query,
        "num_hidden_layers": get("block_count"),
        "num_key_value_heads": key_value,
        "rms_norm_eps": short(get("attention.layer_norm_rms_epsilon")),
        "rope_scaling": _rope_scaling(gguf, head_dim, theta),
        "rope_theta": theta,
        "tie_word_embeddings": tied,
        "torch_dtype": "bfloat16" if precision == "BF16" else "float32",
        "use_cache": True,
        "vocab_size": gguf.shape("token_embd.weight")[0],
    }


def generation_config(gguf: Gguf) -> dict[str, Any]:
    """Only what ends a text: sampling is the request's business, not the weights'."""
    keys = {"bos_token_id": "bos", "eos_token_id": "eos", "pad_token_id": "padding"}
    found = {
        name: gguf.metadata.get(f"tokenizer.ggml.{key}_token_id") for name, key in keys.items()
    }
    return {name: value for name, value in found.items() if value is not None}


def llama3_factors(factor: float, head_dim: int, theta: float) -> NDArray[np.float32]:
    """How much Llama 3's scaling slows each rotary frequency, shape [head_dim / 2]."""
    low, high = _LLAMA3["low_freq_factor"], _LLAMA3["high_freq_factor"]
    original = _LLAMA3["original_max_position_embeddings"]
    wavelength = 2 * math.pi * theta ** (np.arange(0, head_dim, 2) / head_dim)
    smooth = np.clip((original / wavelength - low) / (high - low), 0, 1)
    return (1 / ((1 - smooth) / factor + smooth)).astype(np.float32)


def _rope_scaling(gguf: Gguf, head_dim: int, theta: float) -> dict[str, Any] | None:
    """GGUF keeps the factors of Llama 3's scaling but not the rule; it is recognised by them."""
    if ROPE_FACTORS not in gguf.tensors:
        if gguf.metadata.get("llama.rope.scaling.type", "none") == "none":
            return None
        raise _unknown_scaling(gguf)
    factors = gguf.tensor(ROPE_FACTORS)
    factor = short(float(factors.max()))
    expected = llama3_factors(factor, head_dim, theta)
    if factors.shape != expected.shape or not np.allclose(factors, expected, rtol=1e-3):
        raise _unknown_scaling(gguf)
    return {"rope_type": "llama3", "factor": factor, **_LLAMA3}


def _unknown_scaling(gguf: Gguf) -> WeightsError:
    return WeightsError(
        f"{gguf.path.name} scales its rotary embedding in a way that Fogbank does not know.",
        where=str(gguf.path),
        hint="Give the model's Hugging Face folder (safetensors) in the profile instead.",
    )
