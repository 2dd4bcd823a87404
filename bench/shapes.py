"""Shapes of models for `load_format=dummy`: random weights of these shapes run at true speed.

Llama 3.1 8B and 3.1/3.3 70B as their authors published them (hidden, layers, heads, KV heads,
intermediate, vocabulary, rope). `shrunk` keeps everything but the size, to rehearse on a CPU.
"""

from typing import Any

_LLAMA_3 = {
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
    "rms_norm_eps": 1e-5,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "rope_theta": 500000.0,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
}
LLAMA_8B: dict[str, Any] = {
    **_LLAMA_3,
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 14336,
}
LLAMA_70B: dict[str, Any] = {
    **_LLAMA_3,
    "hidden_size": 8192,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "intermediate_size": 28672,
}


def shrunk(shape: dict[str, Any]) -> dict[str, Any]:
    """The same with two narrow layers."""
    small = {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2}
    return {**shape, **small, "num_attention_heads": 4, "num_key_value_heads": 2}
