"""The server that belongs to a command, played by small programs."""

import json
import sys
from pathlib import Path

import pytest

from fogbank.cli import child_server as module
from fogbank.cli.child_server import DidNotStart, child_server
from tests.cli.pretended import SERVER
from tests.real_server import wait_until

URL = "http://127.0.0.1:9"


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is run as the server, to be overwritten."""
    path = tmp_path / "server.py"
    path.write_text(SERVER)
    monkeypatch.setattr(module, "COMMAND", (sys.executable, str(path)))
    monkeypatch.setenv("STAND_IN", URL)
    monkeypatch.setenv("SERVED", str(tmp_path / "served"))
    return path


def test_it_lives_as_long_as_its_user(program: Path) -> None:
    with child_server(8686) as server:
        assert server.url == URL
        assert not (program.parent / "served.ended").exists()
    started = json.loads((program.parent / "served.ended").read_text())
    arguments = ["--port", "8686", "--drain", "0", "--deployments", "none"]
    assert started == {"arguments": arguments, "level": "warning"}


def test_it_ends_when_its_user_fails(program: Path) -> None:
    with pytest.raises(KeyboardInterrupt), child_server(0) as server:
        server.watch(lambda _: None)
        raise KeyboardInterrupt
    assert (program.parent / "served.ended").exists()


def test_a_log_level_that_was_chosen(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOGBANK_LOG_LEVEL", "debug")
    with child_server(0):
        pass
    assert json.loads((program.parent / "served.ended").read_text())["level"] == "debug"


def test_one_that_does_not_start(program: Path, capfd: pytest.CaptureFixture[str]) -> None:
    program.write_text("import sys; print('no such profile', file=sys.stderr); sys.exit(2)")
    with pytest.raises(DidNotStart, match=r"did not start \(exit status 2\)"), child_server(0):
        pass
    assert capfd.readouterr().err == "no such profile\n"


def test_one_that_dies_is_told_of_once(program: Path) -> None:
    program.write_text(f"print('Listening on {URL}', flush=True); input(); exit(7)")
    told: list[int] = []
    with child_server(0) as server:
        server.watch(told.append)
        assert server._process.stdin
        print(file=server._process.stdin, flush=True)
        assert wait_until(lambda: told == [7], 10)
    assert told == [7]


def test_one_that_is_ended_is_not_told_of(program: Path) -> None:
    told: list[int] = []
    with child_server(0) as server:
        server.watch(told.append)
    assert told == []


def test_one_that_says_much_is_not_stopped_by_that(program: Path) -> None:
    program.write_text(
        f"print('Listening on {URL}', flush=True)\n"
        "print('x' * 1_000_000, flush=True)\n"
        "open(__file__ + '.said', 'w').close()\n"
        "input()"
    )
    with child_server(0) as server:
        server.watch(lambda _: None)
        assert wait_until(lambda: (program.parent / "server.py.said").exists(), 10)


def test_it_ends_where_ctrl_c_is_ignored(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a shell's background, and by one who pulls: `serve` heeds nothing else then."""
    program.write_text(
        "import signal, time\n"
        "import fogbank.cli.main as main\n"
        "from fogbank.cli import child_server\n"
        "def app(arguments):\n"
        f"    print('Listening on {URL}', flush=True)\n"
        "    time.sleep(20)\n"
        "main.app = app\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "child_server.main()\n"
    )
    monkeypatch.setattr(module, "SECONDS_TO_END", 10)
    with child_server(0) as server:
        pass
    assert server._process.returncode not in (0, -9)


def test_one_that_does_not_end_is_killed(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS_TO_END", 0.05)
    program.write_text(f"print('Listening on {URL}', flush=True)\nwhile True: pass")
    with child_server(0) as server:
        pass
    assert server._process.returncode == -9
