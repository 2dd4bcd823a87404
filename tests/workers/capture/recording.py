"""The recorded calls of `env.AI`: what a real binding sent, was answered, and told its Worker.

The record lies beside this repository; without it there is nothing to compare with.
"""

import base64
import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SHARED = Path(os.environ.get("FOGBANK_SHARED") or ROOT.parent / "shared")
CAPTURES = SHARED / "captures" / "wire-contract.json"

needs_recording = pytest.mark.skipif(not CAPTURES.is_file(), reason=f"needs {CAPTURES.name}")


@dataclass(frozen=True, slots=True)
class Sent:
    """A request of the binding; `headers` by lower-case name."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answered:
    """What the recording stub answered; the parts of `body` were sent one by one."""

    status: int
    headers: dict[str, str]
    body: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One recorded call; `request` and `answer` are None where nothing was sent.

    `seen` is the Worker's account of it, `after` being what the binding kept.
    """

    name: str
    request: Sent | None
    answer: Answered | None
    seen: dict[str, Any]


@functools.cache
def recording() -> dict[str, Call]:
    """Every call by name, in the order of the record."""
    written = json.loads(CAPTURES.read_text())
    return {name: _call(name, call) for name, call in written.items() if name != "_note"}


def _call(name: str, written: dict[str, Any]) -> Call:
    request = answer = None
    for sent in written["requests"]:
        request = Sent(sent["method"], sent["path"], _headers(sent["headers"]), _sent(sent))
        # An upgrade that was refused has no answer in the record, but the Worker saw it.
        given = sent.get("response", {"status": 400, "headers": {}, "body": ""})
        answer = Answered(given["status"], given["headers"], _parts(given["body"]))
    return Call(name, request, answer, written["workerSees"])


def _headers(written: dict[str, str] | list[str]) -> dict[str, str]:
    if isinstance(written, list):
        written = dict(zip(written[::2], written[1::2], strict=True))
    return {name.lower(): value for name, value in written.items()}


def _sent(request: dict[str, Any]) -> bytes:
    (body,) = _parts(request.get("body", ""))
    return body


def _parts(body: str | list[str] | dict[str, str]) -> tuple[bytes, ...]:
    if isinstance(body, list):
        return tuple(part.encode() for part in body)
    if isinstance(body, dict):
        return (base64.b64decode(body["base64"]),)
    return (body.encode(),)
