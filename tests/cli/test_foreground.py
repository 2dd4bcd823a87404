"""A program in the foreground: its exit status, and the signals that are meant for it."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest
import typer

from fogbank.cli.foreground import SIGNALS, in_foreground

WAITS = """
import os, signal, sys, time
def end(*_):
    sys.exit(5)
signal.signal(signal.SIGTERM, end)
os.kill(os.getppid(), int(sys.argv[1]))
time.sleep(20)
sys.exit(6)
"""


@pytest.fixture(autouse=True)
def heeded() -> Iterator[None]:
    """As in a shell's foreground, wherever the tests run."""
    before = {number: signal.signal(number, lambda *_: None) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def python(code: str, *arguments: str) -> int:
    return in_foreground([sys.executable, "-c", code, *arguments], os.environ)


@pytest.mark.parametrize(
    ("code", "status"),
    [("pass", 0), ("exit(3)", 3), ("import os; os.kill(os.getpid(), 15)", 128 + 15)],
)
def test_the_exit_status(code: str, status: int) -> None:
    assert python(code) == status


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_that_only_we_get_ends_it_first(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    assert python(WAITS, str(int(number))) == 5
    assert signal.getsignal(number) == before


def test_ctrl_c_of_a_terminal_is_left_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "isatty", lambda _: True)
    code = WAITS.replace("time.sleep(20)", "time.sleep(0.1)")
    assert python(code, str(int(signal.SIGINT))) == 6


def test_what_is_ignored_stays_ignored() -> None:
    """SIGHUP under nohup, where the end of the terminal is to end nothing."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    code = WAITS.replace("time.sleep(20)", "time.sleep(0.1)")
    assert python(code, str(int(signal.SIGHUP))) == 6
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_what_cannot_be_run(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught:
        in_foreground(["/no/such/program"], {})
    assert caught.value.exit_code == 1
    assert "/no/such/program does not run: No such file" in capsys.readouterr().err
