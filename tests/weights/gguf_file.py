"""Writes small GGUF files for tests, after the published layout."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> tuple[int, bytes]:
    """GGUF's number of the type, and the bytes."""
    if isinstance(value, bool):
        return 7, struct.pack("<?", value)
    if isinstance(value, int):
        return 4, struct.pack("<I", value)
    if isinstance(value, float):
        return 6, struct.pack("<f", value)
    if isinstance(value, str):
        return 8, _string(value)
    kinds = [_value(each) for each in value]
    return 9, struct.pack("<IQ", kinds[0][0], len(kinds)) + b"".join(data for _, data in kinds)


def gguf_bytes(metadata: dict[str, Any], tensors: dict[str, Floats]) -> bytes:
    """A whole file, every tensor in float32."""
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, value in metadata.items():
        kind, data = _value(value)
        head += _string(key) + struct.pack("<I", kind) + data
    body = b""
    for name, tensor in tensors.items():
        body += b"\0" * (-len(body) % 32)
        shape = struct.pack(f"<{tensor.ndim}Q", *reversed(tensor.shape))
        head += _string(name) + struct.pack("<I", tensor.ndim) + shape
        head += struct.pack("<IQ", 0, len(body))
        body += tensor.astype("<f4").tobytes()
    return head + b"\0" * (-len(head) % 32) + body


def tiny_metadata(**more: Any) -> dict[str, Any]:
    """A Llama of one layer: hidden 8, 2 heads, 1 KV head, vocabulary 6."""
    plain = {
        "general.architecture": "llama",
        "llama.block_count": 1,
        "llama.context_length": 64,
        "llama.embedding_length": 8,
        "llama.feed_forward_length": 16,
        "llama.attention.head_count": 2,
        "llama.attention.head_count_kv": 1,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.freq_base": 100000.0,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.tokens": ["<end>", "<start>", "a", "b", "ab", "\u0120"],
        "tokenizer.ggml.token_type": [3, 3, 1, 1, 1, 1],
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 0,
        "tokenizer.chat_template": "{{ messages }}",
    }
    renamed = {name.replace("__", "."): value for name, value in more.items()}
    return {name: value for name, value in (plain | renamed).items() if value is not None}


def hugging_face_tensors() -> dict[str, Floats]:
    """The tensors of that model by Hugging Face's names, in numbers that bfloat16 holds exactly."""
    shapes = {
        "model.embed_tokens.weight": (6, 8),
        "model.norm.weight": (8,),
        "model.layers.0.input_layernorm.weight": (8,),
        "model.layers.0.self_attn.q_proj.weight": (8, 8),
        "model.layers.0.self_attn.k_proj.weight": (4, 8),
        "model.layers.0.self_attn.v_proj.weight": (4, 8),
        "model.layers.0.self_attn.o_proj.weight": (8, 8),
        "model.layers.0.post_attention_layernorm.weight": (8,),
        "model.layers.0.mlp.gate_proj.weight": (16, 8),
        "model.layers.0.mlp.up_proj.weight": (16, 8),
        "model.layers.0.mlp.down_proj.weight": (8, 16),
    }
    generator = np.random.default_rng(0)
    return {
        name: generator.integers(-128, 128, shape).astype(np.float32)
        for name, shape in shapes.items()
    }


GGUF_NAMES = {
    "model.embed_tokens.weight": "token_embd.weight",
    "model.norm.weight": "output_norm.weight",
    "input_layernorm.weight": "attn_norm.weight",
    "self_attn.q_proj.weight": "attn_q.weight",
    "self_attn.k_proj.weight": "attn_k.weight",
    "self_attn.v_proj.weight": "attn_v.weight",
    "self_attn.o_proj.weight": "attn_output.weight",
    "post_attention_layernorm.weight": "ffn_norm.weight",
    "mlp.gate_proj.weight": "ffn_gate.weight",
    "mlp.up_proj.weight": "ffn_up.weight",
    "mlp.down_proj.weight": "ffn_down.weight",
}


def gguf_tensors(tensors: dict[str, Floats]) -> dict[str, Floats]:
    """The same by GGUF's names, queries and keys permuted as llama.cpp's converter does."""
    heads = {"self_attn.q_proj.weight": 2, "self_attn.k_proj.weight": 1}
    converted = {}
    for name, tensor in tensors.items():
        inner = name.removeprefix("model.layers.0.")
        prefix = "blk.0." if inner != name else ""
        if count := heads.get(inner):
            rows, columns = tensor.shape
            split = tensor.reshape(count, 2, rows // count // 2, columns)
            tensor = split.swapaxes(1, 2).reshape(rows, columns)
        converted[prefix + GGUF_NAMES[inner]] = tensor
    return converted
