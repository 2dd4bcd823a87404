"""Artifacts in a folder: `sha256/ab/abcdef...` has the content, `named/abcdef.../NAME` is it too.

A file is written under a name of its own, synced and renamed: no crash leaves half of one.
"""

import asyncio
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeVar

from fogbank.storage.artifacts import (
    ArtifactMissing,
    ArtifactRefused,
    ArtifactTooLarge,
    ArtifactUnavailable,
    Stored,
)

BLOCK = 1 << 20
INCOMING = "incoming-"
FORGOTTEN = 86_400
"""Seconds after which an upload that never ended is swept away."""

P = ParamSpec("P")
T = TypeVar("T")


class FolderArtifacts:
    """An `ArtifactStore` on this machine. One thread does all of its work, in turn."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fogbank-artifacts")
        self._swept = False

    async def put(
        self, parts: AsyncIterator[bytes], limit: int | None, expected: str | None = None
    ) -> Stored:
        incoming = await self._run(self._begin)
        try:
            waiting = bytearray()
            async for part in parts:
                waiting += part
                if limit is not None and incoming.size + len(waiting) > limit:
                    raise ArtifactTooLarge(f"the artifact is larger than {_size(limit)}")
                if len(waiting) >= BLOCK:
                    await self._run(incoming.write, bytes(waiting))
                    waiting.clear()
            await self._run(incoming.write, bytes(waiting))
            return await self._run(self._keep, incoming, expected)
        finally:
            # By the same thread: a write that was given up on may still be running in it.
            await asyncio.shield(self._run(incoming.discard))

    async def fetch(self, sha256: str, name: str) -> Path:
        return await self._run(self._find, sha256, name)

    def _begin(self) -> "_Incoming":
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self._swept:
            self._swept = True
            for path in self._folder.glob(f"{INCOMING}*"):
                if time.time() - path.stat().st_mtime > FORGOTTEN:
                    path.unlink(missing_ok=True)
        return _Incoming(self._folder)

    def _keep(self, incoming: "_Incoming", expected: str | None) -> Stored:
        sha256 = incoming.close()
        if expected is not None and sha256 != expected:
            raise ArtifactRefused(
                f"the artifact's sha256 is {sha256}, but {expected} was expected; nothing was kept"
            )
        place = self._place(sha256)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming.path.replace(place)
        _sync(place.parent)
        return Stored(sha256, incoming.size)

    def _find(self, sha256: str, name: str) -> Path:
        place = self._place(sha256)
        try:
            with place.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            raise ArtifactMissing(f"{name} (sha256 {sha256}) was never uploaded") from None
        if found != sha256:
            raise ArtifactMissing(f"{name} is damaged: its sha256 should be {sha256}, is {found}")
        named = self._folder / "named" / sha256 / name
        if not (named.is_file() and named.samefile(place)):
            named.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            named.unlink(missing_ok=True)
            os.link(place, named)
        return named

    def _place(self, sha256: str) -> Path:
        return self._folder / "sha256" / sha256[:2] / sha256

    async def _run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, partial(work, *args, **kwargs))
        except OSError as error:
            raise ArtifactUnavailable(f"artifacts cannot be kept on this disk: {error}") from error


class _Incoming:
    """A file that is being written; used by one thread."""

    def __init__(self, folder: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=INCOMING, dir=folder)
        self.path = Path(name)
        self.size = 0
        self._file = os.fdopen(handle, "wb")
        self._digest = hashlib.sha256()

    def write(self, block: bytes) -> None:
        self._file.write(block)
        self._digest.update(block)
        self.size += len(block)

    def close(self) -> str:
        """Puts it on the disk's platter; its sha256."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._digest.hexdigest()

    def discard(self) -> None:
        """Removes it, unless it was moved to its place."""
        self._file.close()
        self.path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(count: int) -> str:
    return f"{count / (1 << 20):g} MiB" if count >= 1 << 20 else f"{count} bytes"
