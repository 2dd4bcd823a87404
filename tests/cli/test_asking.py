"""`run`, `ps` and `stop` beside a server."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from tests.cli.console import flat, fogbank, fogbank_beside, refused
from tests.server import CLASSIFY, TEXT, Running, live, running, settings, until

pytestmark = pytest.mark.anyio
NAMES = [TEXT, "instruct", "@cf/test/alias", "alias", f"workers-ai/{TEXT}"]


@pytest.fixture
async def server(data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A server that the commands find by FOGBANK_PORT; its log is not mixed into their output."""
    with capture_logs():
        async with running(settings(data)) as made, live(made.server) as url:
            monkeypatch.setenv("FOGBANK_PORT", url.rsplit(":", 1)[-1])
            yield made


@pytest.mark.parametrize("name", NAMES)
async def test_run_prints_the_answer(server: Running, name: str) -> None:
    result = await fogbank_beside("run", name, "say this back")
    assert (result.exit_code, result.stdout) == (0, "say this back\n")
    assert result.stderr == ""


async def test_run_reads_standard_input_and_prints_json(server: Running) -> None:
    result = await fogbank_beside("run", CLASSIFY, stdin="I love this.\n")
    scores = json.loads(result.stdout)
    assert {row["label"] for row in scores} == {"POSITIVE", "NEGATIVE"}


async def test_run_says_that_it_was_cut_off(server: Running) -> None:
    result = await fogbank_beside("run", TEXT, "one two three four", "--max-tokens", "2")
    assert "cut off at 2 tokens; --max-tokens" in result.stderr


async def test_run_tells_what_the_server_refuses(server: Running) -> None:
    result = await fogbank_beside("run", TEXT, "word " * 5000)
    refused(result, "the server answered 413", status=1)


async def test_ps_shows_the_engines(server: Running) -> None:
    result = await fogbank_beside("ps")
    text = flat(result.stdout)
    assert "profile test" in text
    assert "│ text │ fake │ ready │ 0 │ 0 │ 0 │ 6 │" in text


async def test_ps_shows_an_error_below_the_table(server: Running) -> None:
    server.builder.build_failures = [RuntimeError("the disk is on fire " * 9)] * 99
    engine = server.server.runtime.engines["text"]
    await fogbank_beside("stop", "text")
    await until(lambda: engine.state == "unloaded")
    engine.load()
    await until(lambda: engine.error is not None)
    lines = (await fogbank_beside("ps")).stdout.splitlines()
    assert not [line for line in lines if "fire" in line and "│" in line]
    assert lines[-1].startswith("text: ")
    assert "fire" in lines[-1]


@pytest.mark.parametrize("name", [*NAMES, "text"])
async def test_stop_unloads(server: Running, name: str) -> None:
    result = await fogbank_beside("stop", name)
    assert result.stdout == "Unloading text (5 other models use it).\n"
    await until(lambda: server.server.runtime.engines["text"].state == "unloaded")
    assert (await fogbank_beside("stop", name)).stdout == "text is not loaded.\n"


async def test_stop_of_what_there_is_not(server: Running) -> None:
    refused(await fogbank_beside("stop", "instuct"), "'instuct'; did you mean 'instruct'?", "ps")


async def test_a_server_that_asks_for_a_key(server: Running) -> None:
    secret = (await fogbank_beside("keys", "create", "me")).stdout.strip()
    refused(await fogbank_beside("run", TEXT, "hi"), "401", "FOGBANK_KEY", status=1)
    assert (await fogbank_beside("run", TEXT, "hi", "--key", secret)).stdout == "hi\n"


def test_no_server_is_there(data: Path) -> None:
    for command in (["ps"], ["stop", "text"], ["run", TEXT, "hi"]):
        result = fogbank(*command, FOGBANK_URL="127.0.0.1:1")
        refused(result, "no server answers at http://127.0.0.1:1", "fogbank serve", status=1)


def test_a_model_that_there_is_not(data: Path) -> None:
    result = fogbank("run", "instuct", "hi")
    refused(result, "no model 'instuct'; did you mean 'instruct'?", "fogbank models")


def test_nothing_to_ask(data: Path) -> None:
    refused(fogbank("run", TEXT, stdin=" \n"), "nothing to ask")


def test_on_a_terminal_run_says_that_it_reads(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("fogbank.cli.run.sys", SimpleNamespace(stdin=Terminal("\n")))
    refused(fogbank("run", TEXT), "Ctrl-D", "nothing to ask")
