"""Asks the examiner: one job at a time, each with a time limit, a new process where one is lost."""

import asyncio
import atexit
import contextlib
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson

SECONDS = 3.0
"""Of one job. Of 695 schemas that people use the slowest takes half a second, half of them two
milliseconds."""

MAX_WAITING = 64
START_SECONDS = 30.0
_SMALLEST = {"regex": "a", "backend": ""}
_PROGRAM = Path(__file__).with_name("examiner.py")


class Busy(Exception):
    """Too many formats that were never seen before are waiting."""


class Lost(Exception):
    """The job took too long, too much memory, or the process with it."""


class Examination:
    """The one examiner of this process, started by its first job. Safe in any thread and loop."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting = 0

    async def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """What came of a job (`preparation.answer`). Raises Busy or Lost."""
        if self._waiting >= MAX_WAITING:
            raise Busy
        self._waiting += 1
        try:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(1, thread_name_prefix="fogbank-examine")
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self.ask_now, job)
        finally:
            self._waiting -= 1

    async def warm(self) -> None:
        """Starts the process, so that the first job need not wait for it."""
        with contextlib.suppress(Busy, Lost):
            await self.ask(_SMALLEST)

    def ask_now(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The same, in this thread."""
        line = orjson.dumps(job) + b"\n"
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._end()
                self._start()
            answered = self._exchange(line, SECONDS)
            if answered is None:
                self._end()
                raise Lost
        found = orjson.loads(answered)
        assert isinstance(found, dict)
        return found

    def close(self) -> None:
        """Ends the process; the next job starts another."""
        with self._lock:
            self._end()

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.defpath},
            start_new_session=True,  # a terminal's Ctrl-C is for the server
        )
        if self._exchange(orjson.dumps(_SMALLEST) + b"\n", START_SECONDS) is None:
            self._end()
            raise Lost

    def _exchange(self, line: bytes, seconds: float) -> bytes | None:
        """One line there, one line back; None where it does not come in time."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        out = process.stdout.fileno()
        until = time.monotonic() + seconds
        parts: list[bytes] = []
        try:
            process.stdin.write(line)
            process.stdin.flush()
            while not (parts and parts[-1].endswith(b"\n")):
                left = until - time.monotonic()
                if left <= 0 or not select.select([out], [], [], left)[0]:
                    return None
                part = os.read(out, 1 << 20)
                if not part:
                    return None
                parts.append(part)
        except (OSError, ValueError):
            return None
        return b"".join(parts)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was not yet written to a lost process
                    pipe.close()


EXAMINATION = Examination()
atexit.register(EXAMINATION.close)
