"""A packaged encoder and a small adapter become one ordinary Hugging Face folder.

The adapter is in PEFT's format (`adapter_config.json`, `adapter_model.safetensors`), but PEFT is
not needed to use it: a low-rank pair is merged once, as W + alpha / r * B A, and everything else in
the file (the head) replaces the weight of the same name. What comes out knows nothing of adapters.

Two keys under `fogbank` in `adapter_config.json` say what PEFT's own keys do not: `task` (a key of
`AUTO_CLASSES`) and `labels` (in the order of the head's rows). A third, `base_sha256`, pins the
weights that the adapter was trained over: another base of the same shape would merge without a
complaint and answer nonsense.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fogbank.weights.digest import sha256_file

if TYPE_CHECKING:
    from torch import Tensor

AUTO_CLASSES = {
    "text-classification": "AutoModelForSequenceClassification",
    "token-classification": "AutoModelForTokenClassification",
}
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "vocab.txt",
)
WRAPPER = "base_model.model."  # PEFT's name for the model that it wraps


def merge_adapter(base: Path, adapter: Path, out: Path) -> None:
    """Write `base` with `adapter` merged into it as a Hugging Face folder at `out`, in float32.

    `base` holds `config.json`, `model.safetensors` and the tokenizer of an encoder without a head.
    Raises ValueError when the adapter is of another kind, belongs to another base, has tensors that
    the model lacks or that have another shape, or leaves a weight of the model without a value.
    """
    import transformers
    from safetensors.torch import load_file

    transformers.utils.logging.disable_progress_bar()
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    extra = config.get("fogbank", {})
    auto = AUTO_CLASSES.get(extra.get("task"))
    if auto is None:
        raise ValueError(f"{adapter}: task {extra.get('task')!r} is none of {list(AUTO_CLASSES)}")
    scale = _scale(config, adapter)
    weights = base / "model.safetensors"
    wanted = extra.get("base_sha256")
    if wanted is not None and (found := sha256_file(weights)) != wanted:
        raise ValueError(f"{weights} has sha256 {found}, the adapter was trained over {wanted}")

    labels = dict(enumerate(extra["labels"]))
    model = getattr(transformers, auto).from_config(
        transformers.AutoConfig.from_pretrained(
            base, id2label=labels, label2id={label: number for number, label in labels.items()}
        )
    )
    state: dict[str, Tensor] = model.state_dict()
    prefix = f"{model.base_model_prefix}."
    encoder = {prefix + name: tensor for name, tensor in load_file(weights).items()}
    known = {name: tensor for name, tensor in encoder.items() if name in state}
    merged = known | merge_tensors(known, load_file(adapter / "adapter_model.safetensors"), scale)
    for name, tensor in state.items():
        if name not in merged:
            raise ValueError(f"neither {base} nor {adapter} has a value for {name}")
        if merged[name].shape != tensor.shape:
            raise ValueError(f"{name} is {_shape(merged[name])}, the model's is {_shape(tensor)}")
    if unknown := sorted(merged.keys() - state.keys()):
        raise ValueError(f"{adapter}: the model has no {unknown[0]}")
    model.load_state_dict(merged)
    model.save_pretrained(out)
    for name in TOKENIZER_FILES:
        if (base / name).exists():
            shutil.copyfile(base / name, out / name)


def merge_tensors(
    base: Mapping[str, "Tensor"], adapter: Mapping[str, "Tensor"], scale: float
) -> dict[str, "Tensor"]:
    """The weights that `adapter` changes, in float32 and by the model's own names.

    A pair `X.lora_A.weight` (r, in) and `X.lora_B.weight` (out, r) gives `X.weight` (out, in);
    any other tensor is taken as it is. Raises ValueError when a pair is incomplete, does not
    multiply to the shape of the weight, or has no weight in `base` to be added to.
    """
    changed: dict[str, Tensor] = {}
    pairs: dict[str, dict[str, Tensor]] = {}
    for name, tensor in adapter.items():
        own = name.removeprefix(WRAPPER)
        for half in (".lora_A.weight", ".lora_B.weight"):
            if own.endswith(half):
                pairs.setdefault(own.removesuffix(half) + ".weight", {})[half] = tensor.float()
                break
        else:
            changed[own] = tensor.float()
    for own, pair in pairs.items():
        if len(pair) != 2:
            raise ValueError(f"the adapter has only {next(iter(pair))} for {own}")
        if own not in base:
            raise ValueError(f"the adapter changes {own}, which the base does not have")
        down, up = pair[".lora_A.weight"], pair[".lora_B.weight"]
        whole = (up.shape[0], down.shape[-1])
        if down.ndim != 2 or up.ndim != 2 or up.shape[1] != down.shape[0]:
            raise ValueError(f"{own}: {_shape(up)} by {_shape(down)} is not a low-rank pair")
        if whole != tuple(base[own].shape):
            raise ValueError(f"{own} is {_shape(base[own])}, the adapter's change is {whole}")
        changed[own] = base[own].float() + scale * (up @ down)
    return changed


def _scale(config: Mapping[str, Any], adapter: Path) -> float:
    """Alpha / r, after a look at the variants of LoRA that would need other arithmetic."""
    if config.get("peft_type") != "LORA":
        raise ValueError(f"{adapter}: peft_type is {config.get('peft_type')!r}, not 'LORA'")
    for variant in ("use_dora", "use_rslora", "fan_in_fan_out", "rank_pattern", "alpha_pattern"):
        if config.get(variant):
            raise ValueError(f"{adapter}: {variant} is not supported")
    if config.get("bias", "none") != "none":
        raise ValueError(f"{adapter}: bias {config['bias']!r} is not supported")
    return float(config["lora_alpha"]) / int(config["r"])


def _shape(tensor: "Tensor") -> tuple[int, ...]:
    return tuple(tensor.shape)
