"""`run --schema`: JSON of a schema, from a file or standard input."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fogbank.cli.client import Client
from fogbank.cli.schema_file import print_json
from tests.cli.console import fogbank, fogbank_beside, refused
from tests.server import CHAT, CLASSIFY, TEXT, Running, live, running, settings

pytestmark = pytest.mark.anyio
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
FORMAT = {"type": "json_schema", "json_schema": SCHEMA}
VALUE = {"name": "é", "age": 123456789012345678901}
PROOF = "sha256=0; backend=fake; compile-ms=0.0; tries=1; verified"


class Told(Client):
    """A server that has one result to any request, and keeps the requests."""

    def __init__(self, result: Any, proof: str | None = PROOF) -> None:
        self.result = result
        self.headers = {"x-fogbank-structured-output": proof} if proof else {}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def run_with_headers(self, model: str, body: dict[str, Any]) -> tuple[Any, Any]:
        self.asked.append((model, body))
        return self.result, self.headers


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with the schema."""
    path = tmp_path / "person.json"
    path.write_text(json.dumps(SCHEMA))
    return path


@pytest.fixture
async def server(data: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A server that the commands find by FOGBANK_PORT."""
    with capture_logs():
        async with running(settings(data)) as made, live(made.server) as url:
            monkeypatch.setenv("FOGBANK_PORT", url.rsplit(":", 1)[-1])
            yield made


@pytest.mark.parametrize("model", [TEXT, CHAT])
async def test_compact_in_a_pipe_and_its_proof_beside(
    server: Running, file: Path, model: str
) -> None:
    result = await fogbank_beside("run", model, "hi", "--schema", file)
    assert (result.exit_code, result.stdout) == (0, '{"name":"","age":0}\n')
    assert result.stderr.startswith("sha256=")
    assert result.stderr.endswith("; verified\n")


async def test_a_schema_on_standard_input(server: Running) -> None:
    result = await fogbank_beside("run", TEXT, "hi", "--schema", "-", stdin='{"const": null}')
    assert (result.exit_code, result.stdout) == (0, "null\n")


async def test_a_schema_that_the_server_refuses(server: Running, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"$ref": "#/$defs/absent"}')
    result = await fogbank_beside("run", TEXT, "hi", "--schema", file)
    refused(result, "the server answered 400", "the JSON schema", status=1)


@pytest.mark.parametrize(
    "result",
    [{"response": VALUE}, {"choices": [{"message": {"content": json.dumps(VALUE)}}]}],
    ids=["native", "chat"],
)
def test_what_is_asked_and_printed(result: Any, capsys: pytest.CaptureFixture[str]) -> None:
    client = Told(result)
    print_json(client, TEXT, {"max_tokens": 5}, SCHEMA)
    assert client.asked == [(TEXT, {"max_tokens": 5, "response_format": FORMAT})]
    assert capsys.readouterr() == ('{"name":"é","age":123456789012345678901}\n', PROOF + "\n")


def test_pretty_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_json(Told({"response": VALUE}, None), TEXT, {}, SCHEMA)
    lines = ["{", '  "name": "é",', '  "age": 123456789012345678901', "}", ""]
    assert capsys.readouterr() == ("\n".join(lines), "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{\n  "type": objekt\n}', "person.json is not JSON: line 2, column 11: "),
        (b"\xff", "person.json is not JSON: line 1, column 1: "),
        (b" \n", "person.json is empty; a JSON Schema was expected"),
        (b"[1]", "is JSON, but no JSON Schema, which is an object or true or false"),
    ],
)
def test_a_file_that_is_no_schema(data: Path, file: Path, content: bytes, words: str) -> None:
    file.write_bytes(content)
    refused(fogbank("run", TEXT, "hi", "--schema", file), words)


def test_a_file_that_there_is_not(data: Path, tmp_path: Path) -> None:
    absent = tmp_path / "absent.json"
    text = f"the schema cannot be read: No such file or directory: {absent}"
    refused(fogbank("run", TEXT, "hi", "--schema", absent), text)


def test_standard_input_that_is_no_schema(data: Path) -> None:
    refused(fogbank("run", TEXT, "hi", "--schema", "-", stdin="{"), "standard input is not JSON")


def test_standard_input_is_one_thing(data: Path) -> None:
    result = fogbank("run", TEXT, "--schema", "-", stdin="{}")
    refused(result, "standard input cannot be both schema and prompt")


def test_a_model_that_writes_no_text(data: Path, file: Path) -> None:
    refused(fogbank("run", CLASSIFY, "hi", "--schema", file), "--schema is for models that write")
