"""`adapter_config.json` of a LoRA adapter in PEFT's format, as a stranger uploads it.

Nothing of it is trusted: it is rewritten with the keys that mean something here. What an engine
would ignore without a word (DoRA, patterns of ranks, biases) is refused.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

CONFIG = "adapter_config.json"
MODEL_TYPES = ("mistral", "gemma", "llama")
MAX_RANK = 32
MAX_SCALE = 100
"""Of lora_alpha to r. Trained adapters stay far below; beyond, sums could overflow."""

_MAX_BYTES = 256 << 10
_HARMLESS_INITS = ("gaussian", "eva", "orthogonal")
_UNSUPPORTED = (
    *("use_dora", "lora_bias", "fan_in_fan_out", "modules_to_save", "rank_pattern"),
    *("alpha_pattern", "layer_replication", "alora_invocation_tokens", "use_bdlora"),
    *("use_qalora", "target_parameters", "trainable_token_indices", "auto_map"),
)
_MODULE = re.compile(r"[A-Za-z0-9_.]{1,200}")


class AdapterError(ValueError):
    """A file of an adapter cannot be used; the text says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class AdapterConfig:
    """What is kept of `adapter_config.json`; no targets stand for a pattern over module names."""

    rank: int
    targets: tuple[str, ...]
    document: dict[str, Any]


def read_config(path: Path) -> AdapterConfig:
    """Checks the configuration. Raises AdapterError."""
    if path.stat().st_size > _MAX_BYTES:
        raise AdapterError(f"{CONFIG} is larger than {_MAX_BYTES >> 10} KiB")
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise AdapterError(f"{CONFIG} is not JSON: {error}") from None
    if not isinstance(found, dict):
        raise AdapterError(f"{CONFIG} must be a JSON object")
    kind = found.get("model_type")
    if kind not in MODEL_TYPES:
        raise AdapterError(
            f"{CONFIG}: 'model_type' must be one of {', '.join(MODEL_TYPES)}; add the base model's"
        )
    if found.get("peft_type", "LORA") != "LORA":
        raise AdapterError(f"{CONFIG}: 'peft_type' must be LORA")
    for key in _UNSUPPORTED:
        if found.get(key):
            raise AdapterError(f"{CONFIG}: '{key}' is not supported; train a plain LoRA without it")
    if found.get("bias", "none") != "none":
        raise AdapterError(f"{CONFIG}: 'bias' must be none")
    _check_init(found.get("init_lora_weights", True))
    rank, targets = _rank(found.get("r")), found.get("target_modules")
    return AdapterConfig(
        rank,
        _targets(targets),
        {
            "peft_type": "LORA",
            "model_type": kind,
            "r": rank,
            "lora_alpha": _alpha(found.get("lora_alpha"), rank),
            "target_modules": targets,
            "use_rslora": found.get("use_rslora") is True,
            "bias": "none",
        },
    )


def _check_init(init: Any) -> None:
    """Some ways to begin change the base model too; only the adapter would be uploaded."""
    if isinstance(init, str) and init.lower() not in _HARMLESS_INITS:
        raise AdapterError(
            f"{CONFIG}: 'init_lora_weights' changes the base model's weights;"
            " convert the adapter to a plain LoRA with PEFT"
        )


def _rank(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= MAX_RANK:
        raise AdapterError(f"{CONFIG}: 'r' must be a whole number from 1 to {MAX_RANK}")
    return value


def _alpha(value: Any, rank: int) -> float:
    if type(value) not in (int, float) or not 0 < value <= MAX_SCALE * rank:
        raise AdapterError(
            f"{CONFIG}: 'lora_alpha' must be a number above 0, at most {MAX_SCALE} times 'r'"
        )
    return float(value)


def _targets(value: Any) -> tuple[str, ...]:
    if isinstance(value, str) and 0 < len(value) <= 1000:
        return ()
    if not isinstance(value, list) or not 0 < len(value) <= 1000:
        raise AdapterError(f"{CONFIG}: 'target_modules' must name the modules that were trained")
    if not all(isinstance(name, str) and _MODULE.fullmatch(name) for name in value):
        raise AdapterError(f"{CONFIG}: 'target_modules' must be names such as q_proj")
    return tuple(value)
