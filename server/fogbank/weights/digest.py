"""Checksums of files that may not fit in memory."""

import hashlib
from collections.abc import Callable
from pathlib import Path

CHUNK = 1 << 20


def sha256_file(path: Path, tick: Callable[[int], None] = lambda size: None) -> str:
    """Hexadecimal SHA-256. `tick` is told the bytes read since its last call."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
            tick(len(chunk))
    return digest.hexdigest()


def git_blob_sha1(path: Path) -> str:
    """The name that git gives the content, which is what a hub states for files outside LFS."""
    digest = hashlib.sha1(b"blob %d\0" % path.stat().st_size, usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
