"""An append-only journal: lines that are safe once written, until something has stored them.

A line is one `write` to the kernel, which keeps it when the process is killed. It is not synced to
the disk: a power cut may lose the last seconds. Lines lie in segments; a process holds a lock on
the one that it writes, so several may share a folder, and whoever stores segments passes over
those. A line that was torn by a kill or a full disk is noticed and left out.
"""

import contextlib
import fcntl
import os
import secrets
import time
from collections.abc import Generator
from pathlib import Path
from threading import Lock
from typing import BinaryIO

SUFFIX = ".jsonl"


class Journal:
    """The segment that this process writes. `append` and `rotate` may be called by any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = Lock()
        self._segment: int | None = None
        self._torn = False

    def append(self, line: bytes) -> bool:
        """Writes a line, its newline included; tells whether it begins a segment.

        Raises OSError when the disk is full or gone: the line is lost then.
        """
        with self._lock:
            begun = self._segment is None
            if self._segment is None:
                self._segment = self._begin()
            if self._torn:
                line = b"\n" + line
            self._torn = True
            if os.write(self._segment, line) != len(line):
                raise OSError(f"{self.folder}: a line was cut off; is the disk full?")
            self._torn = False
            return begun

    def rotate(self) -> None:
        """Ends the segment, so that it can be stored; the next line begins another."""
        with self._lock:
            ended, self._segment, self._torn = self._segment, None, False
        if ended is not None:
            os.close(ended)

    def _begin(self) -> int:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            path = self.folder / f"{time.time_ns():020}-{secrets.token_hex(4)}{SUFFIX}"
            segment = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(segment).st_nlink:
                    return segment
            os.close(segment)  # another process took it for an ended one, and has removed it


def ended_segments(folder: Path) -> Generator[tuple[Path, BinaryIO]]:
    """Segments that nobody writes, oldest first, each locked while it is looked at."""
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(stream.fileno()).st_nlink:
                yield path, stream


def waiting_bytes(folder: Path) -> int:
    """The size of all segments."""
    total = 0
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(FileNotFoundError):
            total += path.stat().st_size
    return total
