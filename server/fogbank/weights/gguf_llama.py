"""A GGUF file of the Llama architecture, written out as a Hugging Face folder.

Converting it here, rather than through transformers' `gguf_file`, needs no torch, takes seconds and
one tensor of memory, and leaves no quantisation entry behind in the configuration that an engine
would stumble over (docs/decisions/2026-11-21-gguf.md).
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fogbank.weights.errors import WeightsError
from fogbank.weights.gguf_config import ROPE_FACTORS, config, generation_config, heads
from fogbank.weights.gguf_file import Gguf, open_gguf
from fogbank.weights.gguf_tokenizer import tokenizer_files
from fogbank.weights.safetensors_file import Precision, write_safetensors

_OUTSIDE = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
}
_INSIDE = {
    "attn_norm.weight": "input_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
}


def convert(
    source: Path,
    folder: Path,
    *,
    precision: Precision = "BF16",
    tokenizer: bool = True,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Writes config, generation config, tokenizer and `model.safetensors` into `folder`.

    `tokenizer` False leaves the tokenizer to the caller. `step(done, total)` counts tensors.
    Raises `WeightsError` for another architecture, or for a file that lacks something.
    """
    gguf = open_gguf(source)
    try:
        _convert(gguf, folder, precision, tokenizer, step)
    except (LookupError, TypeError, ValueError, ArithmeticError) as error:
        raise WeightsError(
            f"{source.name} lacks metadata that a Llama model has, or has it wrong ({error}).",
            where=str(source),
            hint="Fetch the file again, or give the model's Hugging Face folder instead.",
        ) from error


def _convert(
    gguf: Gguf,
    folder: Path,
    precision: Precision,
    tokenizer: bool,
    step: Callable[[int, int], None],
) -> None:
    if gguf.metadata["general.architecture"] != "llama":
        raise _foreign(gguf, f"is of the architecture {gguf.metadata['general.architecture']}")
    if gguf.metadata.get("split.count", 1) > 1:
        raise _foreign(gguf, "is one part of a model split over several files")
    names = _names(gguf)
    files = {
        "config.json": config(gguf, precision, tied="lm_head.weight" not in names),
        "generation_config.json": generation_config(gguf),
        **(tokenizer_files(gguf) if tokenizer else {}),
    }
    for name, content in files.items():
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    write_safetensors(
        folder / "model.safetensors",
        {theirs: gguf.shape(ours) for theirs, ours in names.items()},
        lambda name: _tensor(gguf, names[name]),
        precision=precision,
        step=step,
    )


def _names(gguf: Gguf) -> dict[str, str]:
    """Hugging Face tensor name -> GGUF tensor name."""
    names: dict[str, str] = {}
    for name in gguf.tensors:
        parts = name.split(".", 2)
        if name in _OUTSIDE:
            names[_OUTSIDE[name]] = name
        elif parts[0] == "blk" and len(parts) == 3 and parts[2] in _INSIDE:
            names[f"model.layers.{int(parts[1])}.{_INSIDE[parts[2]]}"] = name
        elif name != ROPE_FACTORS:
            raise _foreign(gguf, f"has a tensor {name}")
    return names


def _foreign(gguf: Gguf, what: str) -> WeightsError:
    return WeightsError(
        f"{gguf.path.name} {what}; only plain Llama models are read from GGUF.",
        where=str(gguf.path),
        hint="Give the model's Hugging Face folder (safetensors) in the profile instead.",
    )


def _tensor(gguf: Gguf, name: str) -> NDArray[np.float32]:
    values = gguf.tensor(name)
    query, key_value = heads(gguf)
    if name.endswith("attn_q.weight"):
        return _unpermute(values, query)
    return _unpermute(values, key_value) if name.endswith("attn_k.weight") else values


def _unpermute(values: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """GGUF keeps the two halves of a rotary pair side by side, Hugging Face half a head apart."""
    rows, columns = values.shape
    paired = values.reshape(heads, rows // heads // 2, 2, columns)
    return paired.swapaxes(1, 2).reshape(rows, columns)
