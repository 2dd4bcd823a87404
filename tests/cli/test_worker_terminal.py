"""`fogbank worker dev` on a terminal: Ctrl-C, and a window that is closed."""

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.pretended import FOGBANK, SERVER, answering, box
from tests.real_server import environment, wait_until
from tests.workers.tools import free_port

PROGRAM = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from fogbank.cli import child_server, main
child_server.COMMAND = (sys.executable, sys.argv.pop())
main()
"""
WRANGLER = """
import os, signal, sys, time
got = []
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, lambda number, _: got.append(number))
open(os.environ["SEEN"] + ".runs", "w").close()
while not got:
    time.sleep(0.01)
time.sleep(0.1)
with open(os.environ["SEEN"], "w") as file:
    print(len(got), os.path.exists(os.environ["SERVED"]), sys.stdin.isatty(), file=file)
sys.exit(7)
"""


def press_ctrl_c(terminal: int) -> None:
    os.write(terminal, b"\x03")


@pytest.mark.parametrize("leave", [press_ctrl_c, os.close])
def test_wrangler_ends_first_then_the_server(tmp_path: Path, leave: Callable[[int], None]) -> None:
    place = box(tmp_path)
    place.wrangler(program=WRANGLER)
    server = tmp_path / "server.py"
    server.write_text(SERVER)
    seen = tmp_path / "seen"
    terminal, other_end = pty.openpty()
    with answering(200, FOGBANK) as url:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "worker", "dev", server],
            cwd=place.project,
            env={
                **environment(),
                "PATH": str(place.bin),
                "SEEN": str(seen),
                "SERVED": str(tmp_path / "served"),
                "STAND_IN": url,
                "FOGBANK_PORT": str(free_port()),
            },
            stdin=other_end,
            stdout=other_end,
            stderr=other_end,
            start_new_session=True,
        )
        os.close(other_end)
        try:
            assert wait_until(seen.with_suffix(".runs").exists, 20)
            leave(terminal)
            assert process.wait(20) == 7
        finally:
            process.kill()
            process.wait()
            if leave is not os.close:
                os.close(terminal)
    signals, server_ran, interactive = seen.read_text().split()
    assert (server_ran, interactive) == ("True", str(leave is press_ctrl_c))
    assert int(signals) == 1 or leave is os.close
    assert (tmp_path / "served.ended").exists()
