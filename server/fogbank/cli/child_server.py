"""A `fogbank serve` that belongs to another command, and ends with it however that ends.

It has a session of its own, so that Ctrl-C in the terminal does not end it before its parent has
ended what uses it. It reads its standard input, a pipe of the parent's: the end of that, which
comes also when the parent is killed, tells it to stop.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

LISTENING = "Listening on "
"""Begins the line of `fogbank serve` that tells the address."""
SECONDS_TO_END = 20
SECONDS_TO_READ = 1
"""For the last of its output, which a process that it left behind could keep open."""
COMMAND = (sys.executable, "-P", "-c", "from fogbank.cli.child_server import main; main()")
"""Without the working directory on the path, which is the user's project."""


class DidNotStart(Exception):
    """The server ended before it listened, having said why."""


class ChildServer:
    """A server in a process of its own; `url` is its address once it listens."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.url = ""
        self._process = process
        self._ending = False
        self._watcher: threading.Thread | None = None

    def until_it_listens(self) -> None:
        """Raises DidNotStart where it ends instead."""
        for line in self._output():
            if line.startswith(LISTENING):
                self.url = line.removeprefix(LISTENING).split()[0]
                return
        raise DidNotStart(f"the server did not start (exit status {self._process.wait()})")

    def watch(self, died: Callable[[int], None]) -> None:
        """Calls `died` with the exit status, in a thread, if it ends before it is told to."""
        self._watcher = threading.Thread(target=self._watch, args=(died,), daemon=True)
        self._watcher.start()

    def end(self) -> None:
        """Returns once it has ended, by force where it takes too long or we are interrupted."""
        self._ending = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_END)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        if self._watcher:
            self._watcher.join(SECONDS_TO_READ)
        if not (self._watcher and self._watcher.is_alive()):
            self._output().close()

    def _watch(self, died: Callable[[int], None]) -> None:
        for _ in self._output():
            pass  # else the pipe would fill, and stop the server
        status = self._process.wait()
        if not self._ending:
            died(status)

    def _output(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout


QUIET = {
    "FOGBANK_LOG_LEVEL": "warning",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
    "VLLM_LOGGING_LEVEL": "ERROR",
}
"""For a terminal that is wrangler's: engines have a dozen warnings each that help nobody here."""


@contextmanager
def child_server(port: int) -> Iterator[ChildServer]:
    """Starts one on this port (0: a free one), waits until it listens, and ends it at the end.

    What it says on stderr, such as the progress of a pull, goes to ours. Raises DidNotStart.
    """
    process = subprocess.Popen(
        [*COMMAND, "--port", str(port), "--drain", "0", "--deployments", "none"],
        env=QUIET | {name: value for name, value in os.environ.items() if value},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    server = ChildServer(process)
    try:
        server.until_it_listens()
        yield server
    finally:
        server.end()


def main() -> None:
    """What the child runs: `fogbank serve` with the arguments given, until its input ends."""
    from fogbank.cli.main import app

    # A shell lets what it starts in its background ignore SIGINT, by which we are told to stop.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_stop_at_end_of_input, daemon=True).start()
    app(["serve", *sys.argv[1:]])


def _stop_at_end_of_input() -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    # SIGINT, because it also lets a pull that is under way clean up the terminal.
    os.kill(os.getpid(), signal.SIGINT)
