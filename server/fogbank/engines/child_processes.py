"""The processes that an engine started: finding them, seeing them die, leaving none behind.

Reads /proc, so it knows nothing on a system without one: every answer is then empty, and only
what the engine itself cleans up is cleaned up.
"""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

PROC = Path("/proc")
SHARED_MEMORY = Path("/dev/shm")

_GONE = "ZX"  # zombies, and what is just being removed


@dataclass(frozen=True, slots=True)
class Child:
    """A process; its start time (clock ticks since boot) tells it from a later one with its id."""

    pid: int
    started: int


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on; None without such a process."""
    try:
        text = (PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    return text[text.rindex(")") + 2 :].split()


def descendants(root: int) -> set[Child]:
    """Living children of `root` and theirs, without the resource tracker that Python starts."""
    parents: dict[int, list[Child]] = {}
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        stat = _stat(int(entry.name)) if entry.name.isdigit() else None
        if stat is not None and stat[0] not in _GONE:
            parents.setdefault(int(stat[1]), []).append(Child(int(entry.name), int(stat[19])))
    found: set[Child] = set()
    queue = [root]
    while queue:
        for child in parents.get(queue.pop(), ()):
            if child not in found and not _is_resource_tracker(child.pid):
                found.add(child)
                queue.append(child.pid)
    return found


def _is_resource_tracker(pid: int) -> bool:
    try:
        return b"multiprocessing.resource_tracker" in (PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return False


def alive(child: Child) -> bool:
    """Whether it still runs; a zombie does not."""
    stat = _stat(child.pid)
    return stat is not None and stat[0] not in _GONE and int(stat[19]) == child.started


def title(child: Child) -> str:
    """The first 15 characters of the name that it gave itself, or of its program's."""
    try:
        return (PROC / str(child.pid) / "comm").read_text().strip()
    except OSError:
        return ""


def kill(children: Iterable[Child], *, wait: float = 2.0) -> None:
    """SIGKILL to those that are still alive, then waits up to `wait` seconds until they are gone.

    Blocks: call it in a thread.
    """
    left = [child for child in children if alive(child)]
    for child in left:
        with contextlib.suppress(OSError):
            os.kill(child.pid, signal.SIGKILL)
    end = time.monotonic() + wait
    while any(alive(child) for child in left) and time.monotonic() < end:
        time.sleep(0.02)


def shared_memory_of(children: Iterable[Child]) -> set[str]:
    """Names of the files in /dev/shm that these processes have mapped.

    Compared by inode: a semaphore is mapped under a name that it no longer has.
    """
    mapped: set[int] = set()
    for child in children:
        with contextlib.suppress(OSError):
            for line in (PROC / str(child.pid) / "maps").read_text().splitlines():
                _, _, _, _, inode, *path = line.split(maxsplit=5)
                if path and path[0].startswith(f"{SHARED_MEMORY}/"):
                    mapped.add(int(inode))
    if not mapped:
        return set()
    with os.scandir(SHARED_MEMORY) as entries:
        return {entry.name for entry in entries if entry.inode() in mapped}


def unlink_shared_memory(names: Iterable[str]) -> None:
    """Removes what killed processes left in /dev/shm, and what Python still books for them."""
    for name in names:
        with contextlib.suppress(OSError):
            (SHARED_MEMORY / name).unlink()
            # Else the resource tracker warns of a leak when this process ends.
            semaphore = name.startswith("sem.")
            resource_tracker.unregister(
                "/" + name.removeprefix("sem."), "semaphore" if semaphore else "shared_memory"
            )


@contextlib.contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes that this thread starts meanwhile do not get SIGINT.

    A terminal sends Ctrl-C to the whole group: they would be gone before the server has drained.
    """
    # Starting it later would lift the block.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Brood:
    """The processes that come into being while an engine starts, and what they leave behind.

    Whatever this process starts between `begin` and `record` counts, so only one engine of the
    kind may start at a time. What begins, records or kills may block: call it in a thread.
    """

    def __init__(self) -> None:
        self._before: set[Child] | None = None
        self._children: set[Child] = set()
        self._essential: set[Child] = set()
        self._shared_memory: set[str] = set()
        self._sockets: Path | None = None

    def begin(self) -> Path:
        """Call before the start; returns an own folder for socket files."""
        self._before = descendants(os.getpid())
        self._sockets = Path(tempfile.mkdtemp(prefix="fogbank-"))
        return self._sockets

    def record(self) -> None:
        """Call when the engine has started, or while it starts."""
        if self._before is not None:
            self._children |= descendants(os.getpid()) - self._before
            self._shared_memory |= shared_memory_of(self._children)

    def watch(self, prefix: str) -> None:
        """From now on `lost` looks at the processes recorded whose title begins with `prefix`."""
        self._essential = {child for child in self._children if title(child).startswith(prefix)}

    def lost(self) -> bool:
        """Whether one of the watched processes is dead."""
        return not all(alive(child) for child in self._essential)

    def record_and_kill(self) -> None:
        """Ends a start half-way."""
        self.record()
        kill(self._children)

    def clean_up(self) -> None:
        """Kills what is left, removes its shared memory and socket files."""
        kill(self._children)
        unlink_shared_memory(self._shared_memory)
        if self._sockets is not None:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._before, self._sockets = None, None
        self._children, self._essential, self._shared_memory = set(), set(), set()

    def pids(self) -> list[int]:
        """Process ids of those that are alive, in the order of their start."""
        living = (child for child in self._children if alive(child))
        return [child.pid for child in sorted(living, key=lambda child: child.started)]
