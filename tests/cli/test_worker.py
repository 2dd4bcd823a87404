"""`fogbank worker dev | env` on a pretended wrangler; tests/workers has the real ones."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fogbank.cli import child_server
from fogbank.settings import worker_files
from tests.cli.console import flat, fogbank, refused
from tests.cli.pretended import FOGBANK, SERVER, Box, answering, box, install
from tests.workers.tools import free_port

OWN = ("CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "NODE_OPTIONS", "WRANGLER_SEND_METRICS")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """A project without a wrangler, in which the commands run."""
    made = box(tmp_path)
    monkeypatch.chdir(made.project)
    monkeypatch.setenv("PATH", str(made.bin))
    monkeypatch.setenv("SEEN", str(tmp_path / "seen.json"))
    for name in OWN:
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Fogbank that FOGBANK_URL names."""
    with answering(200, FOGBANK) as where:
        monkeypatch.setenv("FOGBANK_URL", where)
        yield where


@pytest.fixture
def stand_in(place: Box, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What `dev` starts when it wants a server, and where it says to listen; nothing else is."""
    program = place.folder / "server.py"
    program.write_text(SERVER)
    monkeypatch.setattr(child_server, "COMMAND", (sys.executable, str(program)))
    monkeypatch.setenv("SERVED", str(place.folder / "served"))
    monkeypatch.setenv("FOGBANK_PORT", str(free_port()))
    with answering(200, FOGBANK) as where:
        monkeypatch.setenv("STAND_IN", where)
        yield where


def port_of_own_server(place: Box) -> str:
    """With which it was started; it has ended since."""
    started = json.loads((place.folder / "served.ended").read_text())
    assert started["arguments"][0] == "--port"
    return str(started["arguments"][1])


def test_wrangler_is_run_on_a_server_that_answers(place: Box, url: str) -> None:
    place.wrangler()
    given = ["--port", "0", "worker.js", "--var=A:1", "-e", "staging"]
    result = fogbank("worker", "dev", *given, FOGBANK_KEY="fog_key")
    assert (result.exit_code, result.stdout) == (0, "")
    assert flat(result.stderr) == (
        f"fogbank: env.AI is served by the Fogbank at {url} (profile test) "
    )
    assert place.seen["arguments"] == ["dev", "--local", *given]
    assert place.seen["cwd"] == str(place.project)
    env = place.seen["env"]
    assert env["NODE_OPTIONS"].endswith("preload.cjs")
    assert (env["FOGBANK_URL"], env["FOGBANK_KEY"]) == (url, "fog_key")
    assert "CLOUDFLARE_API_BASE_URL" not in env


def test_an_older_wrangler_is_pointed_by_its_api(place: Box, url: str) -> None:
    place.wrangler("3.114.17", ">=16.17.0")
    result = fogbank("worker", "dev", "--url", url, FOGBANK_ACCOUNT="a" * 32)
    assert result.exit_code == 0, result.stderr
    assert "it is served here, at no charge" in result.stderr
    assert place.seen["arguments"] == ["dev"]
    env = place.seen["env"]
    assert env["CLOUDFLARE_API_BASE_URL"] == f"{url}/client/v4"
    assert env["CLOUDFLARE_ACCOUNT_ID"] == "a" * 32
    assert "NODE_OPTIONS" not in env


def test_the_exit_status_is_wranglers(place: Box, url: str) -> None:
    place.wrangler()
    assert fogbank("worker", "dev", STATUS="3").exit_code == 3


def test_nothing_is_written_into_the_project(place: Box, url: str) -> None:
    place.wrangler()
    before = {path: path.stat() for path in place.project.rglob("*")}
    assert fogbank("worker", "dev").exit_code == 0
    after = {path: path.stat() for path in place.project.rglob("*")}
    assert [(path, it.st_mtime) for path, it in after.items()] == [
        (path, it.st_mtime) for path, it in before.items()
    ]


@pytest.mark.parametrize("release", ["3.50.0", "4.200.0", "5.0.0"])
def test_an_untested_wrangler_is_run_all_the_same(place: Box, url: str, release: str) -> None:
    place.wrangler(release)
    result = fogbank("worker", "dev")
    assert f"wrangler {release} is untested; tested are 3.114.17 to" in result.stderr
    assert result.exit_code == 0
    assert place.started


def test_a_server_that_answers_at_the_default_address(place: Box, stand_in: str) -> None:
    place.wrangler()
    result = fogbank("worker", "dev", FOGBANK_PORT=stand_in.rpartition(":")[2])
    assert f"served by the Fogbank at {stand_in} (profile test)" in result.stderr
    assert place.seen["env"]["FOGBANK_URL"] == stand_in
    assert not (place.folder / "served.ended").exists()


def test_a_server_is_started_where_none_answers(place: Box, stand_in: str) -> None:
    place.wrangler()
    result = fogbank("worker", "dev", STATUS="4")
    assert result.exit_code == 4
    assert "starting a server; --url or FOGBANK_URL names one" in result.stderr
    assert f"by a Fogbank of this command at {stand_in} (profile test)" in result.stderr
    assert place.seen["env"]["FOGBANK_URL"] == stand_in
    assert port_of_own_server(place) == os.environ["FOGBANK_PORT"]


def test_a_server_gets_a_free_port_where_something_else_answers(place: Box, stand_in: str) -> None:
    place.wrangler()
    with answering(200, b"<html>") as other:
        result = fogbank("worker", "dev", FOGBANK_PORT=other.rpartition(":")[2])
    assert f"{other} is not Fogbank, so the server gets a free port" in result.stderr
    assert port_of_own_server(place) == "0"


def test_a_server_that_does_not_start(
    place: Box, stand_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.wrangler()
    monkeypatch.setattr(child_server, "COMMAND", (sys.executable, "-c", "exit(2)"))
    refused(fogbank("worker", "dev"), "the server did not start (exit status 2)")
    assert not place.started


def test_a_server_of_its_own_that_asks_for_a_key(
    place: Box, stand_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.wrangler()
    with answering(200, FOGBANK, key="fog_1") as keyed:
        monkeypatch.setenv("STAND_IN", keyed)
        refused(fogbank("worker", "dev"), "401", "'fogbank keys create NAME' makes one")
        assert port_of_own_server(place)
        assert fogbank("worker", "dev", "--key", "fog_1").exit_code == 0


def test_a_server_that_was_named_and_is_none(place: Box) -> None:
    place.wrangler()
    gone = f"http://127.0.0.1:{free_port()}"
    refused(fogbank("worker", "dev", "--url", gone), f"no server answers at {gone}", "--url")
    with answering(200, b"<html>") as other:
        refused(fogbank("worker", "dev", "--url", other), "is not Fogbank; name another")
    with answering(200, FOGBANK, key="fog_1") as keyed:
        refused(fogbank("worker", "dev", "--url", keyed), "401", "FOGBANK_KEY")
    assert not place.started


@pytest.mark.parametrize("given", ["--remote", "-r", "--no-local", "--local=false"])
def test_cloudflares_side_is_refused(place: Box, url: str, given: str) -> None:
    place.wrangler()
    refused(
        fogbank("worker", "dev", "--port", "0", given), f"{given} runs the Worker at Cloudflare"
    )
    assert not place.started


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_is_ours(place: Box, url: str, flag: str) -> None:
    place.wrangler()
    result = fogbank("worker", "dev", "--port", "0", flag)
    assert "with env.AI served by Fogbank" in result.stdout
    assert not place.started


def test_options_that_are_written_with_their_values(place: Box, url: str) -> None:
    place.wrangler()
    place.config("the.toml")
    given = ["-c=the.toml", "-e=with-h"]
    assert fogbank("worker", "dev", *given).exit_code == 0
    assert place.seen["arguments"] == ["dev", "--local", *given]


@pytest.mark.parametrize("given", ["dev", "pages"])
def test_other_commands_of_wrangler_are_for_env(place: Box, url: str, given: str) -> None:
    refused(fogbank("worker", "dev", given), "takes what would follow 'dev'", "fogbank worker env")


def test_what_the_user_has_to_mend_first(place: Box, url: str) -> None:
    refused(fogbank("worker", "dev"), "there is no wrangler in", "npm install --save-dev wrangler")
    place.wrangler("4.164.0", ">=22.12.0")
    refused(fogbank("worker", "dev"), "wrangler 4.164.0 needs Node 22.12 or later")
    (place.bin / "node").unlink()
    refused(fogbank("worker", "dev"), "there is no 'node' on PATH")
    (place.project / "wrangler.toml").unlink()
    refused(fogbank("worker", "dev"), "no wrangler.toml, wrangler.json or wrangler.jsonc")


def test_a_fogbank_without_the_workers_files(
    place: Box, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.wrangler()
    monkeypatch.setattr("fogbank.cli.worker.worker_files", lambda: place.folder)
    refused(fogbank("worker", "env"), "is not whole: it lacks", "preload.cjs")


def test_env_is_for_the_shell(place: Box) -> None:
    place.wrangler()
    result = fogbank("worker", "env", "--url", "http://127.0.0.1:9", FOGBANK_KEY="it's")
    assert "for wrangler 4.86.0; start it with: npx wrangler dev --local" in flat(result.stderr)
    shell = f'{result.stdout}\nprintf "%s|" "$NODE_OPTIONS" "$FOGBANK_URL" "$FOGBANK_KEY"'
    printed = subprocess.run(["/bin/sh", "-c", shell], capture_output=True, text=True, check=True)
    preload = f"--require {worker_files() / 'preload.cjs'}"
    assert printed.stdout == f"{preload}|http://127.0.0.1:9|it's|"


def test_env_for_an_older_wrangler_as_json(place: Box) -> None:
    place.config()
    install(place.folder, "4.40.0")
    result = fogbank("worker", "env", "--json", FOGBANK_PORT="9")
    assert json.loads(result.stdout)["CLOUDFLARE_API_BASE_URL"] == "http://127.0.0.1:9/client/v4"
    assert "npx wrangler dev --local\n" in result.stderr
    assert "nothing of wrangler reaches Cloudflare; deploy from another" in result.stderr


def test_env_without_wrangler_config_or_node(place: Box) -> None:
    (place.project / "wrangler.toml").unlink()
    (place.bin / "node").unlink()
    result = fogbank("worker", "env")
    assert "for wrangler 4.45 or later (none is found here); start it" in result.stderr
    assert "export FOGBANK_URL=http://127.0.0.1:8686\n" in result.stdout
    assert "export NODE_OPTIONS='--require " in result.stdout
