"""curl as the documentation uses it: `-d` without a JSON content type, and what goes wrong."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.asking import CAPITAL, EMBEDDINGS, SENTIMENT, TEXT
from tests.real_server import RealServer
from tests.server import ACCOUNT, events

pytestmark = [
    pytest.mark.clients,
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
]
ASKED = json.dumps({"prompt": CAPITAL, "temperature": 0})
STREAM = json.dumps({"prompt": CAPITAL, "temperature": 0, "stream": True})


@dataclass
class Said:
    """What curl got."""

    status: int
    content_type: str
    text: str

    @property
    def result(self) -> Any:
        """Of a request that succeeded."""
        assert (self.status, self.content_type) == (200, "application/json"), self.text
        return json.loads(self.text)["result"]

    @property
    def error(self) -> tuple[int, int]:
        """Status and code of a request that failed, with every key of the envelope."""
        body = json.loads(self.text)
        assert body.keys() == {"errors", "success", "result", "messages"}
        assert body["success"] is False
        assert self.content_type == "application/json"
        return self.status, body["errors"][0]["code"]


Curl = Callable[..., Said]


@pytest.fixture
def curl(embedded: RealServer, tmp_path: Path) -> Curl:
    """`curl(MODEL, *options)` posts to the run route; `stdin` is what `@-` reads."""

    def call(model: str, *options: str, stdin: bytes = b"") -> Said:
        url = f"{embedded.url}/client/v4/accounts/{ACCOUNT}/ai/run/{model}"
        out = tmp_path / "out"
        written = r"%{http_code} %{content_type}"
        done = subprocess.run(
            ["curl", "-sS", "-N", "--noproxy", "*", "-w", written, "-o", out, url, *options],
            input=stdin,
            capture_output=True,
            timeout=120,
            check=True,
        )
        status, _, content_type = done.stdout.decode().partition(" ")
        return Said(int(status), content_type, out.read_text())

    return call


@pytest.fixture
def lives_on(curl: Curl) -> Callable[[], bool]:
    """Whether the server answers as if nothing had been."""
    return lambda: "Paris" in curl(TEXT, "-d", ASKED).result["response"]


@pytest.mark.contract("1.1", "clients 2")
@pytest.mark.parametrize("model", [TEXT, TEXT.replace("/", "%2F"), TEXT.replace("@", "%40")])
@pytest.mark.parametrize("flag", ["-d", "--data-binary"])
def test_a_prompt_without_a_json_content_type(curl: Curl, model: str, flag: str) -> None:
    assert "Paris" in curl(model, flag, ASKED).result["response"]


def test_a_prompt_with_a_json_content_type_and_a_token(curl: Curl) -> None:
    options = ("-H", "content-type: application/json", "-H", "authorization: Bearer anything")
    assert "Paris" in curl(TEXT, *options, "-d", ASKED).result["response"]


def test_a_body_in_pieces(curl: Curl) -> None:
    options = ("-H", "transfer-encoding: chunked", "--data-binary", "@-")
    assert "Paris" in curl(TEXT, *options, stdin=ASKED.encode()).result["response"]


@pytest.mark.contract("1.3")
@pytest.mark.parametrize("model", [TEXT, TEXT.replace("/", "%2F")])
def test_a_stream(curl: Curl, model: str) -> None:
    said = curl(model, "-d", STREAM)
    assert (said.status, said.content_type) == (200, "text/event-stream")
    *pieces, done = events(said.text)
    assert done == "[DONE]"
    assert "Paris" in "".join(json.loads(piece)["response"] for piece in pieces)


@pytest.mark.contract("4")
def test_the_other_tasks(curl: Curl) -> None:
    assert curl(EMBEDDINGS, "-d", '{"text": "a"}').result["shape"] == [1, 384]
    (first, second) = curl(SENTIMENT, "-d", '{"text": "This is terrible."}').result
    assert {first["label"], second["label"]} == {"POSITIVE", "NEGATIVE"}


@pytest.mark.contract("2.1", "2.2", "2.3", "2.4")
@pytest.mark.parametrize(
    ("model", "body", "error"),
    [
        ("@cf/no/such-model", ASKED, (400, 7000)),
        ("@cf/meta/llama-guard-3-8b", '{"messages": []}', (403, 5018)),
        (TEXT, '{"prompt": 5}', (400, 5006)),
        (TEXT, '{"prompt": null}', (400, 5006)),
        (TEXT, '{"prompt": "a", "max_tokens": null}', (400, 5006)),
        (TEXT, '{"messages": [{"role": "user", "content": null}]}', (400, 5006)),
        (TEXT, "{}", (400, 5006)),
        (TEXT, "null", (400, 5006)),
        (TEXT, "[]", (400, 5006)),
        (TEXT, '{"prompt": "a', (400, 5006)),
        (TEXT, "", (400, 3003)),
        (EMBEDDINGS, '{"text": null}', (400, 5006)),
        (SENTIMENT, '{"text": ["a"]}', (400, 5006)),
    ],
)
def test_what_is_wrong_gets_the_error_of_the_contract(
    curl: Curl, lives_on: Callable[[], bool], model: str, body: str, error: tuple[int, int]
) -> None:
    assert curl(model, "-d", body).error == error
    assert lives_on()


@pytest.mark.parametrize("model", [TEXT, EMBEDDINGS, SENTIMENT])
def test_two_megabytes_of_garbage(curl: Curl, lives_on: Callable[[], bool], model: str) -> None:
    garbage = os.urandom(2_000_000)
    assert curl(model, "--data-binary", "@-", stdin=garbage).error == (400, 5006)
    assert lives_on()


def test_two_megabytes_of_text_are_too_long_for_the_model(
    curl: Curl, lives_on: Callable[[], bool]
) -> None:
    body = json.dumps({"prompt": "word " * 400_000}).encode()
    assert curl(TEXT, "--data-binary", "@-", stdin=body).error == (413, 5021)
    assert lives_on()


def test_more_than_the_largest_body_is_refused(curl: Curl, lives_on: Callable[[], bool]) -> None:
    assert curl(TEXT, "--data-binary", "@-", stdin=bytes(40 << 20)).error == (413, 3006)
    assert lives_on()


def test_get_is_no_way_to_run(curl: Curl) -> None:
    assert curl(TEXT, "-G").error == (400, 7003)


@pytest.mark.contract("2.4")
def test_a_malformed_account(embedded: RealServer) -> None:
    url = f"{embedded.url}/client/v4/accounts/short/ai/run/{TEXT}"
    out = subprocess.run(
        ["curl", "-sS", "--noproxy", "*", url, "-d", ASKED],
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    assert json.loads(out)["errors"][0]["code"] == 7003
