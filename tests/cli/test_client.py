"""The client of the commands, against servers that answer anything."""

from collections.abc import Callable

import httpx2
import pytest
import typer

from fogbank.cli.client import Client
from fogbank.settings import Settings

Answer = Callable[[httpx2.Request], httpx2.Response]


def client(answer: Answer, **given: str) -> Client:
    return Client(Settings.model_validate(given), httpx2.MockTransport(answer))


def message(
    answer: Answer, capsys: pytest.CaptureFixture[str], ask: Callable[[Client], object]
) -> str:
    """What the command says before it ends with status 1."""
    with pytest.raises(typer.Exit) as caught, client(answer) as asking:
        ask(asking)
    assert caught.value.exit_code == 1
    return capsys.readouterr().err


def ask_engines(client: Client) -> object:
    return client.get("/fogbank/engines")


def test_where_and_with_what_key_it_asks() -> None:
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append((str(request.url), request.headers.get("authorization")))
        return httpx2.Response(200, json={"result": {"response": "hi"}})

    assert client(answer).run("@cf/a/b", {}) == {"response": "hi"}
    client(answer, url="example.org:99/", key="fog_secret").get("/x")
    path = f"/client/v4/accounts/{'0' * 32}/ai/run/@cf/a/b"
    assert seen == [
        (f"http://127.0.0.1:8686{path}", None),
        ("http://example.org:99/x", "Bearer fog_secret"),
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_a_key_that_lacks(stream: bool, capsys: pytest.CaptureFixture[str]) -> None:
    def answer(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(401, json={"errors": [{"message": "Authentication error"}]})

    def ask(client: Client) -> object:
        return list(client.stream("m", {})) if stream else client.run("m", {})

    said = message(answer, capsys, ask)
    assert "401: Authentication error" in said
    assert "--key or FOGBANK_KEY" in said


def test_an_error_of_the_server(capsys: pytest.CaptureFixture[str]) -> None:
    said = message(lambda _: httpx2.Response(404, json={"error": "no engine"}), capsys, ask_engines)
    assert said == "fogbank: the server answered 404: no engine\n"


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"errors": ["x"]}', b"{}"])
def test_errors_of_another_server(body: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    said = message(lambda _: httpx2.Response(502, content=body), capsys, ask_engines)
    assert said == f"fogbank: the server answered 502: {body.decode()}\n"


def test_another_server(capsys: pytest.CaptureFixture[str]) -> None:
    said = message(lambda _: httpx2.Response(200, text="<html>"), capsys, ask_engines)
    assert "http://127.0.0.1:8686 is not Fogbank" in said


def test_no_server(capsys: pytest.CaptureFixture[str]) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    said = message(answer, capsys, ask_engines)
    assert "no server answers at http://127.0.0.1:8686" in said
    assert "fogbank serve" in said
