"""A GGUF file, read by the `gguf` package: its metadata, and its tensors as float32.

The package comes with each of the engine extras; the core lives without it. What stands here beside
it is what a file from a stranger asks for: bounds that the package does not keep, and one error.
What it does not know: big-endian files.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogbank.weights.errors import WeightsError

Floats = NDArray[np.float32]

MOST_ITEMS = 4_000_000
"""Of a header. The largest vocabularies make 2 million; each costs a few hundred bytes to hold."""


@dataclass(frozen=True)
class Gguf:
    """An open file. `metadata` holds plain values, lists for arrays.

    The file stays mapped for as long as this lives; nothing of a tensor is read before `tensor`.
    """

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, Any] = field(repr=False)

    def shape(self, name: str) -> tuple[int, ...]:
        """In row-major order, as numpy and torch have it."""
        return tuple(int(size) for size in reversed(self.tensors[name].shape))

    def tensor(self, name: str) -> Floats:
        """The tensor in float32 and in its shape; `WeightsError` if that cannot be had."""
        stored = self.tensors[name]
        try:
            with np.errstate(all="ignore"):
                values: Floats = _package().quants.dequantize(stored.data, stored.tensor_type)
        except RuntimeError as error:
            raise WeightsError(
                f"Tensor {name} of {self.path.name} is of type {stored.tensor_type.name}, which"
                f" cannot be read ({error}).",
                where=str(self.path),
                hint="Use a file in another type (F16, BF16, Q8_0, Q4_K_M ...).",
            ) from error
        if not np.isfinite(values).all():
            raise _broken(self.path, f"tensor {name} has values that are not finite")
        return values


def open_gguf(path: Path) -> Gguf:
    """Maps the file and reads its header; `WeightsError` where it is not a sound GGUF file."""
    package = _package()
    try:
        with np.errstate(over="raise"):
            reader = _bounded(package.GGUFReader)(path)
        if reader.byte_order != "I":
            raise ValueError("it is of the other byte order")
        metadata = {name: entry.contents() for name, entry in reader.fields.items()}
    except (LookupError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise _broken(path, str(error)) from error
    return Gguf(path, metadata, {tensor.name: tensor for tensor in reader.tensors})


def _package() -> Any:
    try:
        import gguf
    except ImportError as error:
        raise WeightsError(
            f"A GGUF file is read with the package `gguf`, which cannot be imported ({error}).",
            hint="It comes with each of the extras: pip install 'fogbank[transformers]',"
            " or [cpu], or [gpu].",
        ) from error
    return gguf


def _bounded(reader: Any) -> Any:
    """The package's reader, stopped at the end of the file.

    By itself it goes on with empty arrays there: one forged length, and it fills the memory.
    """

    class Bounded(reader):  # type: ignore[misc]
        items = 0

        def _get(self, offset: int, dtype: Any, count: int = 1, *order: Any, **more: Any) -> Any:
            self.items += 1
            if int(offset) + int(count) * np.dtype(dtype).itemsize > len(self.data):
                raise ValueError("it is cut off, or a length in its header is wrong")
            if self.items > MOST_ITEMS:
                raise ValueError(f"its header has more than {MOST_ITEMS} items")
            return super()._get(offset, dtype, count, *order, **more)

    return Bounded


def _broken(path: Path, what: str) -> WeightsError:
    return WeightsError(
        f"{path.name} is not a sound GGUF file: {what}.",
        where=str(path),
        hint="Fetch the file again, or name another one in the profile.",
    )
