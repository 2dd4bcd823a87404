"""Converts documents, each in a short-lived process, a few of them at a time."""

import asyncio
import contextlib
import os
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from fogbank.documents.formats import Format, recognise
from fogbank.documents.options import Options

CHILD = Path(__file__).with_name("child.py")
KEPT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
"""What Python itself may need of the environment; a document sees nothing else of it."""
AT_ONCE = 2
MEMORY = 1 << 30
MAX_ANSWER = 48 << 20
"""Bytes that are read of what a child says: as many as `MAX_CHARACTERS` can need."""


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it came; `mime_type` may be empty."""

    name: str
    mime_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Converted:
    """`text` of a document, or in `error` why there is none."""

    mime_type: str
    text: str = ""
    error: str = ""


class Converter:
    """`seconds` is how long one document may take, `memory` the bytes that it may need."""

    def __init__(self, seconds: float, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._free = asyncio.Semaphore(AT_ONCE)

    async def convert(self, document: Document, options: Options) -> Converted:
        """Never raises for what is in a document; cancelling ends its process."""
        known = recognise(document.name, document.mime_type, document.data)
        if known is None:
            mime_type = document.mime_type or "application/octet-stream"
            return Converted(mime_type, error="This type of file is not supported.")
        if known.kind == "image":
            text = "Images are described by a vision model, and none is served here."
            return Converted(known.mime_type, error=text)
        async with self._free:
            return await self._read(document, known, options)

    async def _read(self, document: Document, known: Format, options: Options) -> Converted:
        job = {
            "kind": known.kind,
            "name": document.name,
            "options": asdict(options),
            "seconds": int(self._seconds) + 1,
            "memory": self._memory,
        }
        try:
            async with asyncio.timeout(self._seconds):
                answer = await _ask(orjson.dumps(job) + b"\n" + document.data)
        except TimeoutError:
            answer = {"error": f"it took longer than {self._seconds:g} seconds"}
        if "data" in answer:
            return Converted(known.mime_type, text=answer["data"])
        return Converted(known.mime_type, error=f"The file cannot be converted: {answer['error']}.")


async def _ask(job: bytes) -> dict[str, str]:
    """What a new child answers. Its process has ended when this returns or raises."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-B", str(CHILD)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={name: os.environ[name] for name in KEPT if name in os.environ},
    )
    try:
        said = await _told(child, job)
    finally:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
    try:
        answer: dict[str, str] = orjson.loads(said)
    except orjson.JSONDecodeError:  # killed by the system, for memory or processor time
        answer = {"error": "it needs more memory or time than a document may have"}
    return answer


async def _told(child: asyncio.subprocess.Process, job: bytes) -> bytes:
    """What a child says; nothing when it is too much: a document may have taken it over."""
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        child.stdin.write(job)
        await child.stdin.drain()
    child.stdin.close()
    said = bytearray()
    while len(said) <= MAX_ANSWER and (piece := await child.stdout.read(1 << 20)):
        said += piece
    if len(said) > MAX_ANSWER:
        said.clear()
        child.kill()
        await child.stdout.read()
    await child.wait()
    return bytes(said)
