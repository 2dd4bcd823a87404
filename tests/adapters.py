"""Small LoRA adapters in PEFT's format, written by hand: no torch needed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[np.float32]]
CONFIG: dict[str, Any] = {
    "peft_type": "LORA",
    "model_type": "llama",
    "base_model_name_or_path": "/etc",
    "r": 4,
    "lora_alpha": 8,
    "target_modules": ["q_proj", "v_proj"],
    "task_type": "CAUSAL_LM",
    "bias": "none",
    "use_dora": False,
    "modules_to_save": None,
    "inference_mode": True,
}


def config(**changes: Any) -> bytes:
    """`adapter_config.json`; a key that is `...` is left out."""
    merged = {**CONFIG, **changes}
    return json.dumps({key: value for key, value in merged.items() if value is not ...}).encode()


def layer(number: int, module: str) -> str:
    return f"model.layers.{number}.self_attn.{module}"


def pair(
    module: str, rank: int, inputs: int, outputs: int, *, up: float = 0.0, seed: int = 0
) -> dict[str, NDArray[np.float32]]:
    """A low-rank pair; with `up` 0 it changes nothing."""
    random = np.random.default_rng([seed, *module.encode()])
    return {
        f"base_model.model.{module}.lora_A.weight": random.standard_normal(
            (rank, inputs), np.float32
        ),
        f"base_model.model.{module}.lora_B.weight": up
        * random.standard_normal((outputs, rank), np.float32),
    }


def small() -> dict[str, NDArray[np.float32]]:
    """Pairs of rank 4 for one layer of a model of width 8."""
    return {**pair(layer(0, "q_proj"), 4, 8, 8), **pair(layer(0, "v_proj"), 4, 8, 8)}


def safetensors(tensors: Tensors) -> bytes:
    """A safetensors file of float32 tensors."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [begin, end]}
    return framed(header, b"".join(tensor.astype("<f4").tobytes() for tensor in tensors.values()))


def framed(header: Any, data: bytes) -> bytes:
    """A safetensors file with this header."""
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def write(folder: Path, tensors: Tensors, **changes: Any) -> Path:
    """Both files of an adapter."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_bytes(config(**changes))
    (folder / "adapter_model.safetensors").write_bytes(safetensors(tensors))
    return folder
