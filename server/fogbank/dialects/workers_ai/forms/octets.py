"""A file in a model input: raw bytes, an array of numbers, or base64 text (contract 1.1, 4)."""

import base64
import binascii
from contextlib import suppress
from typing import Any

from fogbank import errors
from fogbank.dialects.workers_ai.validation_parts import shortened, type_name
from fogbank.errors import AIError

_PART = 10_000


def octets(value: Any, name: str) -> bytes:
    """Bytes, an array of integers from 0 to 255, or `{"0": 82, "1": 73}`, a Uint8Array's form.

    Raises AIError (8001) for others; `name` is the property.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        value = _listed(value, name)
    try:
        return bytes(value)
    except (TypeError, ValueError):
        parts = (_part(value[at : at + _PART], name, at) for at in range(0, len(value), _PART))
        return b"".join(parts)


def base64_octets(value: Any, name: str) -> bytes:
    """Bytes (of a form's file) or base64 text. Raises AIError: 5004 for other types, 8001."""
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise AIError(errors.BAD_BASE64, type=type_name(value))
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise AIError(
            errors.INVALID_INPUT, detail=f"'{name}' is not base64: {str(error).lower()}"
        ) from None


def _listed(value: dict[str, Any], name: str) -> list[Any]:
    try:
        return [value[str(at)] for at in range(len(value))]
    except KeyError as error:
        raise AIError(
            errors.INVALID_INPUT,
            detail=f"'{name}' is an object without the key {error}: send an array of bytes",
        ) from None


def _part(items: Any, name: str, first: int) -> bytes:
    """Quickly, unless one of them is no byte: there are millions, and this is on the event loop."""
    with suppress(TypeError, ValueError, OverflowError):
        if {*map(type, items)} <= {int, float} and (whole := [*map(int, items)]) == items:
            return bytes(whole)
    return bytes(_octet(item, name, at) for at, item in enumerate(items, first))


def _octet(item: Any, name: str, at: int) -> int:
    """A number without a fraction may be written with one: 82.0."""
    if type(item) in (int, float) and item == item // 1 and 0 <= item <= 255:
        return int(item)
    raise AIError(
        errors.INVALID_INPUT,
        detail=f"'{name}' has {shortened(str(item))} at index {at}: bytes are from 0 to 255",
    )
