"""EfficientNet-Lite as PyTorch saved it, written out as a safetensors folder.

The folder's layout is Fogbank's own (`engines/efficientnet_lite.py` reads it): no library that is
installed here knows the architecture. The table of stages is data of the folder.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np

from fogbank.weights.errors import WeightsError
from fogbank.weights.safetensors_file import write_safetensors
from fogbank.weights.torch_state import read_state

_LITE0 = {
    "image_size": 224,
    "stem_channels": 32,
    "head_channels": 1280,
    "batch_norm_eps": 1e-3,
    "stages": [
        {"blocks": 1, "kernel": 3, "stride": 1, "expansion": 1, "channels": 16},
        {"blocks": 2, "kernel": 3, "stride": 2, "expansion": 6, "channels": 24},
        {"blocks": 2, "kernel": 5, "stride": 2, "expansion": 6, "channels": 40},
        {"blocks": 3, "kernel": 3, "stride": 2, "expansion": 6, "channels": 80},
        {"blocks": 3, "kernel": 5, "stride": 1, "expansion": 6, "channels": 112},
        {"blocks": 4, "kernel": 5, "stride": 2, "expansion": 6, "channels": 192},
        {"blocks": 1, "kernel": 3, "stride": 1, "expansion": 6, "channels": 320},
    ],
}
_PIXELS = {
    "do_resize": True,
    "size": {"shortest_edge": 224},
    "crop_pct": 0.875,
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [127 / 255] * 3,
    "image_std": [128 / 255] * 3,
}


def convert(source: Path, labels: Path, folder: Path) -> None:
    """Writes `folder` from a state dict and a file with one label a line, in the order of classes.

    Raises WeightsError for another file.
    """
    try:
        state = {
            name.removeprefix("_").replace("._", "."): tensor
            for name, tensor in read_state(source).items()
            if not name.endswith("num_batches_tracked")
        }
        names = read_labels(labels)
        if (found := len(state["fc.bias"])) != len(names):
            raise ValueError(f"{found} classes, and there are {len(names)} labels")
    except (LookupError, ValueError) as error:
        raise WeightsError(
            f"{source.name} is not the state dict of an EfficientNet-Lite ({error}).",
            where=str(source),
        ) from error
    config: dict[str, Any] = {
        "model_type": "efficientnet-lite",
        **_LITE0,
        "id2label": dict(enumerate(names)),
    }
    for name, content in (("config.json", config), ("preprocessor_config.json", _PIXELS)):
        text = json.dumps(content, indent=2, ensure_ascii=False)
        (folder / name).write_text(text + "\n", encoding="utf-8")
    write_safetensors(
        folder / "model.safetensors",
        {name: tensor.shape for name, tensor in state.items()},
        lambda name: state[name].astype(np.float32),
        precision="F32",
    )


def read_labels(path: Path) -> list[str]:
    """The lines of a file of labels; those that begin with # are about the file."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
