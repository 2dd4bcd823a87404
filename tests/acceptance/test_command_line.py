"""`fogbank run | ps | models` against the real server."""

import json
import subprocess
from collections.abc import Callable

import pytest

from tests.acceptance.asking import CAPITAL, STAND_IN, TEXT
from tests.real_server import FOGBANK, RealServer, environment

pytestmark = pytest.mark.engine
CommandLine = Callable[..., subprocess.CompletedProcess[str]]


def test_run_answers(command_line: CommandLine) -> None:
    done = command_line("run", "llama-3.1-8b-instruct", CAPITAL)
    assert done.returncode == 0, done.stderr
    assert "Paris" in done.stdout
    assert done.stdout.endswith("\n")
    assert done.stderr == ""


def test_run_prints_the_answer_as_it_comes(embedded: RealServer) -> None:
    prompt = "Count from one to a hundred."
    with subprocess.Popen(
        [*FOGBANK, "run", TEXT, prompt, "--max-tokens", "60", "--url", embedded.url],
        env=environment(),
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        chunks = [process.stdout.read1()]  # type: ignore[attr-defined]
        assert process.poll() is None, "the answer came in one lump"
        while chunk := process.stdout.read1():  # type: ignore[attr-defined]
            chunks.append(chunk)
    assert len(chunks) >= 3
    assert process.returncode == 0


def test_run_says_that_an_answer_was_cut(command_line: CommandLine) -> None:
    done = command_line("run", TEXT, "Tell a story.", "--max-tokens", "3")
    assert done.returncode == 0
    assert "cut off at 3 tokens; --max-tokens allows more" in done.stderr


def test_run_reads_standard_input_and_prints_json(command_line: CommandLine) -> None:
    done = command_line("run", "distilbert-sst-2-int8", stdin="I love this.\n")
    assert done.returncode == 0, done.stderr
    scores = {item["label"]: item["score"] for item in json.loads(done.stdout)}
    assert scores["POSITIVE"] > 0.5


def test_run_tells_what_the_server_says(command_line: CommandLine) -> None:
    done = command_line("run", TEXT, "word " * 5000)
    assert done.returncode == 1
    assert "413" in done.stderr
    assert "context window limit (4096)" in done.stderr


def test_ps_shows_every_engine(command_line: CommandLine) -> None:
    done = command_line("ps")
    assert done.returncode == 0, done.stderr
    assert "profile embedded" in done.stdout
    rows = [line for line in done.stdout.splitlines() if "ready" in line]
    assert [row.split()[1] for row in rows] == [
        "smollm2",
        "minilm",
        "sentiment-minilm",
        "ner-minilm",
        "whisper-tiny-en",
        "efficientnet-lite0",
    ]


def test_models_tells_what_stands_in(command_line: CommandLine) -> None:
    done = command_line("models", "--profile", "embedded")
    assert done.returncode == 0, done.stderr
    rows = done.stdout.splitlines()
    (row,) = [row for row in rows if f" {TEXT} " in row]
    assert f"{STAND_IN} (stand-in)" in row
    assert "llama-guard" not in done.stdout
    assert "no profile" not in done.stdout


def test_without_a_server_the_next_step_is_told(command_line: CommandLine) -> None:
    done = command_line("ps", "--url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "no server answers at http://127.0.0.1:9" in done.stderr
    assert "fogbank serve" in done.stderr
