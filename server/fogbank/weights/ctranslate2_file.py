"""Reads a CTranslate2 `model.bin`: named tensors behind a short header, version 6 of the format.

Layout, little-endian: version, name of the specification, its revision, number of variables; each
variable as name, rank, dimensions, type, bytes, data; then aliases. A text is its length with the
closing zero as 16 bits, then its bytes.
"""

import math
import mmap
import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_VERSION = 6
_TYPES = ("float32", "int8", "int16", "int32", "float16")
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class CTranslate2Model:
    """`tensors` are views of the mapped file; `specification` says what kind of model it is."""

    specification: str
    tensors: dict[str, NDArray[np.generic]] = field(default_factory=dict)


def read_ctranslate2(path: Path) -> CTranslate2Model:
    """The tensors of the file. Raises ValueError where it is not what the layout says."""
    with path.open("rb") as stream:
        if not path.stat().st_size:
            raise ValueError("the file is empty")
        reader = _Reader(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
    try:
        if (version := reader.number("I")) != _VERSION:
            raise ValueError(f"version {version} of the format, expected {_VERSION}")
        model = CTranslate2Model(reader.text())
        reader.number("I")
        count = reader.number("I")
        if count > _LONGEST:
            raise ValueError(f"{count} variables")
        for _ in range(count):
            name = reader.text()
            model.tensors[name] = reader.tensor(name)
    except (struct.error, UnicodeDecodeError) as error:
        raise ValueError(f"the file is cut short or damaged ({error})") from error
    return model


class _Reader:
    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self._at = 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._data, self._at)
        self._at += struct.calcsize(f"<{kind}")
        return int(value)

    def text(self) -> str:
        length = self.number("H")
        found = self._data[self._at : self._at + length]
        self._at += length
        return found.removesuffix(b"\0").decode()

    def tensor(self, name: str) -> NDArray[np.generic]:
        shape = [self.number("I") for _ in range(self.number("B"))]
        kind, size = self.number("B"), self.number("I")
        if kind >= len(_TYPES):
            raise ValueError(f"{name} is of the unknown type {kind}")
        dtype = np.dtype(_TYPES[kind]).newbyteorder("<")
        if math.prod(shape) * dtype.itemsize != size or self._at + size > len(self._data):
            raise ValueError(f"{name} of shape {shape} does not fit its {size} bytes")
        found = np.frombuffer(self._data, dtype, math.prod(shape), self._at).reshape(shape)
        self._at += size
        return found
