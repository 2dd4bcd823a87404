"""A program that has the terminal: its keys, its Ctrl-C, its output; we only wait."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from fogbank.cli.common import fail

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STDIN = 0
SIGNALLED = 128
"""What a shell adds to a signal's number to make an exit status of it."""


def in_foreground(command: Sequence[str], env: Mapping[str, str]) -> int:
    """Runs it to its end and returns its exit status as a shell would tell it.

    Ctrl-C in a terminal reaches it by itself, for it is in the same process group. What else
    should end us ends it first; what is ignored here, as SIGHUP is under nohup, stays so.
    """
    try:
        process = subprocess.Popen(command, env=env)
    except OSError as error:
        fail(f"{command[0]} does not run: {error.strerror}", 1)
    with _signals_of(process):
        status = process.wait()
    return SIGNALLED - status if status < 0 else status


@contextmanager
def _signals_of(process: subprocess.Popen[bytes]) -> Iterator[None]:
    # Not SIG_IGN for Ctrl-C, which programs started later would inherit.
    def received(number: int, _: FrameType | None) -> None:
        if number != signal.SIGINT or not os.isatty(STDIN):
            process.terminate()

    heeded = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, received) for number in heeded}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
