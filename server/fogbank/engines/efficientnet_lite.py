"""EfficientNet-Lite: the mobile form without squeeze-and-excitation, with ReLU6 (Google, 2020).

A folder says `"model_type": "efficientnet-lite"` and has the table of stages in its config.json;
the names of the tensors are those of this module.
"""

from pathlib import Path
from typing import Any

MODEL_TYPE = "efficientnet-lite"


def load(folder: Path, config: dict[str, Any]) -> Any:
    """The network in evaluation mode, in float32. Raises OSError where tensors do not fit."""
    from safetensors.torch import load_file

    network = build(config)
    try:
        network.load_state_dict(load_file(folder / "model.safetensors"), strict=False, assign=True)
    except RuntimeError as error:
        raise OSError(f"the weights in {folder} do not fit their config.json: {error}") from error
    unset = [name for name, tensor in network.state_dict().items() if tensor.is_meta]
    if unset:
        raise OSError(f"the weights in {folder} lack {', '.join(unset[:5])}")
    return network.eval()


def build(config: dict[str, Any]) -> Any:
    """The network without weights: images (n, 3, height, width) to logits (n, classes)."""
    import torch
    from torch import nn

    epsilon = config["batch_norm_eps"]

    def norm(channels: int) -> Any:
        return nn.BatchNorm2d(channels, eps=epsilon)

    class Block(nn.Module):  # type: ignore[misc]
        """Widened, filtered channel by channel, narrowed again; added to where shapes allow."""

        def __init__(self, inputs: int, outputs: int, stage: dict[str, int], stride: int) -> None:
            super().__init__()
            width = inputs * stage["expansion"]
            self.expands = width != inputs
            self.adds = stride == 1 and inputs == outputs
            if self.expands:
                self.expand_conv, self.bn0 = _same(inputs, width, 1), norm(width)
            self.depthwise_conv = _same(width, width, stage["kernel"], stride, width)
            self.bn1 = norm(width)
            self.project_conv, self.bn2 = _same(width, outputs, 1), norm(outputs)

        def forward(self, inputs: Any) -> Any:
            hidden = inputs
            if self.expands:
                hidden = nn.functional.relu6(self.bn0(self.expand_conv(hidden)))
            hidden = nn.functional.relu6(self.bn1(self.depthwise_conv(hidden)))
            hidden = self.bn2(self.project_conv(hidden))
            return inputs + hidden if self.adds else hidden

    class Network(nn.Module):  # type: ignore[misc]
        """Stem, stages of blocks, head, the mean over the image, one linear layer."""

        def __init__(self) -> None:
            super().__init__()
            channels, last = config["stem_channels"], config["head_channels"]
            self.conv_stem, self.bn0 = _same(3, channels, 3, 2), norm(channels)
            self.blocks = nn.ModuleList()
            for stage in config["stages"]:
                for number in range(stage["blocks"]):
                    stride = stage["stride"] if number == 0 else 1
                    self.blocks.append(Block(channels, stage["channels"], stage, stride))
                    channels = stage["channels"]
            self.conv_head, self.bn1 = _same(channels, last, 1), norm(last)
            self.fc = nn.Linear(last, len(config["id2label"]))

        def forward(self, pixels: Any) -> Any:
            hidden = nn.functional.relu6(self.bn0(self.conv_stem(pixels)))
            for block in self.blocks:
                hidden = block(hidden)
            hidden = nn.functional.relu6(self.bn1(self.conv_head(hidden)))
            return self.fc(hidden.mean(dim=(2, 3)))

    with torch.device("meta"):
        return Network()


def _same(inputs: int, outputs: int, kernel: int, stride: int = 1, groups: int = 1) -> Any:
    """A convolution padded as TensorFlow's SAME: the odd pixel goes to the right and below."""
    from torch import nn

    class Same(nn.Conv2d):  # type: ignore[misc]
        def forward(self, pixels: Any) -> Any:
            pads: list[int] = []
            for size in (pixels.shape[-1], pixels.shape[-2]):
                whole = max(0, (-(-size // stride) - 1) * stride + kernel - size)
                pads += [whole // 2, whole - whole // 2]
            return super().forward(nn.functional.pad(pixels, pads))

    return Same(inputs, outputs, kernel, stride, groups=groups, bias=False)
