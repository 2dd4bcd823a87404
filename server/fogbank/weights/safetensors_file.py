"""Writes a safetensors file one tensor at a time, so that no more than one is ever in memory.

Layout: 8 bytes little-endian length, that many bytes of JSON, then the tensors end to end.
"""

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Precision = Literal["BF16", "F16", "F32"]
_WIDTH = {"BF16": 2, "F16": 2, "F32": 4}


def to_bfloat16(values: Floats) -> NDArray[np.uint16]:
    """The upper halves, rounded to nearest, ties to even. Finite numbers only."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    carry = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + carry) >> np.uint32(16)).astype(np.uint16)


def write_safetensors(
    path: Path,
    shapes: Mapping[str, tuple[int, ...]],
    tensor: Callable[[str], Floats],
    *,
    precision: Precision,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Writes `tensor(name)` for every name of `shapes`; calls `step(done, total)` in tensors."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        begin, end = end, end + math.prod(shape) * _WIDTH[precision]
        header[name] = {"dtype": precision, "shape": list(shape), "data_offsets": [begin, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little"))
        stream.write(text)
        for done, (name, shape) in enumerate(shapes.items()):
            step(done, len(shapes))
            values = tensor(name)
            if values.shape != shape:
                raise ValueError(f"{name} has shape {values.shape}, {shape} was announced")
            stream.write(_stored(values, precision).data)
    step(len(shapes), len(shapes))


def _stored(values: Floats, precision: Precision) -> NDArray[np.generic]:
    if precision == "BF16":
        return to_bfloat16(values)
    dtype = np.float16 if precision == "F16" else np.float32
    return np.ascontiguousarray(values, dtype)
