"""Reads the tensors of a PyTorch state dict of the years before 1.6 without unpickling it.

Such a file is five pickles (a magic number, a version, a description of the machine, the state
dict, the keys of its storages) and then the storages. A pickle is a program; here its opcodes are
only read as data, those few that a state dict consists of, and every other one is refused.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {"torch FloatStorage": np.dtype("<f4"), "torch LongStorage": np.dtype("<i8")}
_REBUILD = "torch._utils _rebuild_tensor_v2"
_DICT = "collections OrderedDict"
_LITERALS = {"BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_MARK = object()


@dataclass(frozen=True, slots=True)
class _Name:
    """A global that the pickle mentions: a text, never looked up."""

    text: str


@dataclass(frozen=True, slots=True)
class _Tensor:
    storage: str
    dtype: np.dtype[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_state(path: Path) -> dict[str, NDArray[np.generic]]:
    """Tensors by name. Raises ValueError for anything but a plain state dict of that form."""
    with path.open("rb") as stream:
        if _literal(stream) != _MAGIC:
            raise ValueError("it does not begin as a state dict of PyTorch before 1.6 does")
        _literal(stream)
        _literal(stream)
        state, keys = _literal(stream), _literal(stream)
        if not isinstance(state, dict) or not isinstance(keys, list):
            raise ValueError("it holds no mapping of names to tensors")
        for name, tensor in state.items():
            if not isinstance(name, str) or not isinstance(tensor, _Tensor):
                raise ValueError(f"{name!r} is no tensor")
        types = {tensor.storage: tensor.dtype for tensor in state.values()}
        storages = {key: _storage(stream, types[key]) for key in keys if key in types}
    return {name: _view(tensor, storages) for name, tensor in state.items()}


def _storage(stream: BinaryIO, dtype: np.dtype[Any]) -> NDArray[np.generic]:
    count = int.from_bytes(stream.read(8), "little", signed=True)
    data = stream.read(count * dtype.itemsize) if count >= 0 else b""
    if len(data) != count * dtype.itemsize:
        raise ValueError("the file is cut short")
    return np.frombuffer(data, dtype)


def _view(tensor: _Tensor, storages: dict[str, NDArray[np.generic]]) -> NDArray[np.generic]:
    """In the strides that it was saved with: tensors that came from TensorFlow are permuted."""
    found = storages[tensor.storage][tensor.offset :]
    if min((*tensor.shape, *tensor.strides, tensor.offset), default=0) < 0:
        raise ValueError("a tensor of negative size")
    pairs = zip(tensor.shape, tensor.strides, strict=True)
    last = sum((length - 1) * stride for length, stride in pairs)
    if last >= found.size:
        raise ValueError(f"a tensor of shape {tensor.shape} reaches beyond its storage")
    strides = tuple(stride * found.itemsize for stride in tensor.strides)
    return np.lib.stride_tricks.as_strided(found, tensor.shape, strides, writeable=False)


def _literal(stream: BinaryIO) -> Any:
    """The value of the next pickle, of texts, numbers, tuples, lists, mappings and `_Tensor`s."""
    reader = _Opcodes()
    try:
        for opcode, argument, _ in pickletools.genops(stream):
            if opcode.name == "STOP":
                return reader.stack.pop()
            reader.step(opcode.name, argument)
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"it is damaged ({error!r})") from error
    raise ValueError("it is cut short")


class _Opcodes:
    """What the opcodes of a state dict do to a stack; nothing is imported, nothing is called."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self.stack[-1]
        elif opcode in ("BINGET", "LONG_BINGET"):
            self.stack.append(self._memo[argument])
        elif opcode == "GLOBAL":
            self.stack.append(_Name(argument))
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self.stack)
        elif opcode != "PROTO":
            raise ValueError(f"the opcode {opcode} has no place in a state dict")


def _marked(stack: list[Any]) -> list[Any]:
    """Takes everything above the last mark, and the mark."""
    at = len(stack) - 1 - stack[::-1].index(_MARK)
    above = stack[at + 1 :]
    del stack[at:]
    return above


def _tuple_of(count: int) -> Callable[[list[Any]], None]:
    def action(stack: list[Any]) -> None:
        items = tuple(stack[-count:])
        del stack[-count:]
        stack.append(items)

    return action


def _set_items(stack: list[Any]) -> None:
    items = _marked(stack)
    stack[-1].update(zip(items[::2], items[1::2], strict=True))


def _set_item(stack: list[Any]) -> None:
    value, key = stack.pop(), stack.pop()
    stack[-1][key] = value


def _build(stack: list[Any]) -> None:
    """Attributes of the state dict (versions of its modules): of no use here."""
    stack.pop()


def _append_all(stack: list[Any]) -> None:
    items = _marked(stack)
    stack[-1].extend(items)


def _storage_of(stack: list[Any]) -> None:
    """('storage', type, key, place, size, view): the type and the key stay."""
    _, name, key, *_ = stack.pop()
    stack.append((_TYPES[name.text], key))


def _reduce(stack: list[Any]) -> None:
    arguments, function = stack.pop(), stack.pop()
    if function.text == _DICT:
        stack.append({})
    elif function.text == _REBUILD:
        (dtype, key), offset, shape, strides, *_ = arguments
        stack.append(_Tensor(key, dtype, offset, shape, strides))
    else:
        raise ValueError(f"the function {function.text} has no place in a state dict")


_ACTIONS: dict[str, Callable[[list[Any]], None]] = {
    "MARK": lambda stack: stack.append(_MARK),
    "EMPTY_DICT": lambda stack: stack.append({}),
    "EMPTY_LIST": lambda stack: stack.append([]),
    "EMPTY_TUPLE": lambda stack: stack.append(()),
    "TUPLE": lambda stack: stack.append(tuple(_marked(stack))),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "SETITEM": _set_item,
    "SETITEMS": _set_items,
    "APPENDS": _append_all,
    "BUILD": _build,
    "BINPERSID": _storage_of,
    "REDUCE": _reduce,
}
