"""`adapter_model.safetensors` of a LoRA adapter in PEFT's format, as a stranger uploads it.

Its header must describe low-rank pairs and nothing else, and its values must be harmless.
"""

import math
import re
from pathlib import Path
from typing import Any, TypeGuard

import orjson

from fogbank.storage.adapter_config import CONFIG, AdapterConfig, AdapterError

WEIGHTS = "adapter_model.safetensors"
MAX_BYTES = 500_000_000
MAX_WEIGHT = 50
"""Trained adapters stay far below; beyond, sums could overflow."""

_MAX_HEADER = 4 << 20
_MAX_TENSORS = 20_000
_CHUNK = 1 << 23
_WIDTHS = {"F32": 4, "F16": 2, "BF16": 2}
_TENSOR = re.compile(r"base_model\.model\.([A-Za-z0-9_.]{1,200})\.lora_([AB])\.weight")

Pairs = dict[str, tuple[int, int, int]]
"""Of each changed module: rank, inputs, outputs."""

Tensor = tuple[str, tuple[int, int], tuple[int, int]]
"""Type, shape, and place in the data."""


def read_weights(path: Path) -> Pairs:
    """Checks the header of a safetensors file, and that the file is as long as it says.

    Raises AdapterError.
    """
    tensors = _header(path)
    halves: dict[str, dict[str, tuple[int, int]]] = {}
    for name, (_, shape, _) in tensors.items():
        match = _TENSOR.fullmatch(name)
        if match is None:
            raise AdapterError(
                f"{WEIGHTS}: the tensor {name[:100]!r} is not half of a low-rank pair; names are"
                " base_model.model.<module>.lora_A.weight and .lora_B.weight"
            )
        halves.setdefault(match[1], {})[match[2]] = shape
    pairs: Pairs = {}
    for module, both in halves.items():
        if len(both) != 2:
            raise AdapterError(f"{WEIGHTS}: {module} has only lora_{next(iter(both))}")
        (rank, inputs), (outputs, again) = both["A"], both["B"]
        if rank != again:
            raise AdapterError(f"{WEIGHTS}: {module} has rank {rank} in lora_A, {again} in lora_B")
        pairs[module] = (rank, inputs, outputs)
    return pairs


def check_values(path: Path) -> None:
    """Raises AdapterError for weights that are no numbers, or so large that sums overflow.

    One request's NaN stays in the KV cache of an engine, where it reaches other requests.
    """
    # Here, not above: the command line starts without numpy.
    import numpy as np

    tensors = sorted(_header(path).items(), key=lambda item: item[1][2])
    with path.open("rb") as stream:
        stream.seek(path.stat().st_size - tensors[-1][1][2][1])
        for name, (dtype, _, (first, last)) in tensors:
            left = last - first
            while left:
                data = stream.read(min(left, _CHUNK))
                left -= len(data)
                if dtype == "BF16":
                    values = (np.frombuffer(data, "<u2").astype("<u4") << 16).view("<f4")
                else:
                    values = np.frombuffer(data, "<f4" if dtype == "F32" else "<f2")
                # Not `>`: it is false for NaN.
                if not bool(np.all(np.abs(values) <= MAX_WEIGHT)):
                    raise AdapterError(
                        f"{WEIGHTS}: the tensor {name[:100]!r} has values that are no numbers,"
                        f" or beyond {MAX_WEIGHT}"
                    )


def check_together(config: AdapterConfig, pairs: Pairs) -> None:
    """Raises AdapterError where the two files do not belong together."""
    for module, (rank, _, _) in pairs.items():
        if rank != config.rank:
            raise AdapterError(
                f"{WEIGHTS}: {module} has rank {rank}, but 'r' in {CONFIG} is {config.rank}"
            )
        named = any(f".{module}".endswith(f".{target}") for target in config.targets)
        if config.targets and not named:
            raise AdapterError(f"{WEIGHTS}: {module} is not in 'target_modules' of {CONFIG}")


def _header(path: Path) -> dict[str, Tensor]:
    size = path.stat().st_size
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 8 or not 2 <= length <= min(_MAX_HEADER, size - 8):
            raise AdapterError(f"{WEIGHTS} is not a safetensors file, or was cut off")
        text = stream.read(length)
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise AdapterError(f"{WEIGHTS} is not a safetensors file: its header is not JSON") from None
    if not isinstance(found, dict):
        raise AdapterError(f"{WEIGHTS}: its header is not a JSON object")
    found.pop("__metadata__", None)
    if not 0 < len(found) <= _MAX_TENSORS:
        raise AdapterError(f"{WEIGHTS} has {len(found)} tensors; 1 to {_MAX_TENSORS} are taken")
    tensors = {name: _tensor(name, entry) for name, entry in found.items()}
    end = 0
    for first, last in sorted(span for _, _, span in tensors.values()):
        if first != end:
            raise AdapterError(f"{WEIGHTS}: its tensors overlap or leave gaps")
        end = last
    if end != size - 8 - length:
        raise AdapterError(f"{WEIGHTS} is not as long as its header says; upload it again")
    return tensors


def _tensor(name: str, entry: Any) -> Tensor:
    if not isinstance(entry, dict):
        entry = {}
    dtype, shape, span = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    told = f"{WEIGHTS}: the tensor {name[:100]!r}"
    if not isinstance(dtype, str) or dtype not in _WIDTHS:
        raise AdapterError(f"{told} is not of a type in {', '.join(_WIDTHS)}")
    if not _counts(shape) or min(shape) < 1:
        raise AdapterError(f"{told} is not a matrix")
    if not _counts(span) or span[1] - span[0] != math.prod(shape) * _WIDTHS[dtype]:
        raise AdapterError(f"{told} has another size than its shape")
    return dtype, (shape[0], shape[1]), (span[0], span[1])


def _counts(value: Any) -> TypeGuard[list[int]]:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(number) is int and 0 <= number <= MAX_BYTES for number in value)
    )
