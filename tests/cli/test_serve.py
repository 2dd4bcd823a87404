"""`fogbank serve` up to the moment in which uvicorn takes over; tests/faults goes on from there."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from fogbank.app import Server, create_app
from fogbank.cli import serve
from fogbank.settings import Settings
from tests.cli.console import flat, fogbank, refused, write_catalog
from tests.server import CHAT, DEPRECATED, EMBED, OLD, STAND_IN, STANDING_IN, lifespan, profile


@pytest.fixture(autouse=True)
def listened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Serves nobody: starts and ends. The ports on which it listened then."""
    ports = []

    def run(self: serve.Foreground, sockets: list[socket.socket]) -> None:
        async def whole() -> None:
            async with lifespan(self._server.asgi):
                pass

        [listening] = sockets
        ports.append(listening.getsockname()[1])
        socket.create_connection(listening.getsockname()).close()
        asyncio.run(whole())

    monkeypatch.setattr(serve.Foreground, "run", run)
    monkeypatch.setattr("fogbank.telemetry.logs.configure", lambda *_: None)
    with capture_logs():
        yield ports


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def test_the_banner(data: Path, listened: list[int]) -> None:
    result = fogbank("serve", "--profile", "test", "--port", "0")
    assert result.exit_code == 0, result.stderr
    text = flat(result.stdout)
    assert "Fogbank, profile test: Fake engines." in text
    assert f"{STANDING_IN} STANDS IN for {STAND_IN}" in text
    assert f"Listening on http://127.0.0.1:{listened[0]} " in text
    assert f'/ai/run/{EMBED} -d \'{{"text"' in text
    assert "Bearer" not in text


def test_the_banner_shows_no_deprecated_model_where_there_is_another(tmp_path: Path) -> None:
    whole = profile()
    models = {name: whole.models[name] for name in (DEPRECATED, OLD, STAND_IN)}
    data = write_catalog(tmp_path / "data", whole.model_copy(update={"models": models}))
    text = fogbank("serve", "--profile", "test", "--port", "0", "--data-dir", data).stdout
    assert f"/ai/run/{STAND_IN} " in text
    assert text.count("/ai/run/") == 1
    only_old = {OLD: whole.models[OLD]}
    data = write_catalog(tmp_path / "old", whole.model_copy(update={"models": only_old}))
    text = fogbank("serve", "--profile", "test", "--port", "0", "--data-dir", data).stdout
    assert f"/ai/run/{OLD} " in text
    assert CHAT not in text


def test_connections_are_refused_while_it_pulls(
    data: Path, monkeypatch: pytest.MonkeyPatch, port: int, listened: list[int]
) -> None:
    def pull_missing(*_: object) -> None:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)

    monkeypatch.setattr(serve, "pull_missing", pull_missing)
    result = fogbank("serve", "--profile", "test", "--port", str(port))
    assert result.exit_code == 0, result.stderr
    assert listened == [port]


def test_a_port_that_is_taken(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        result = fogbank("serve", "--profile", "test", "--port", port)
    refused(result, f"cannot listen on 127.0.0.1:{port}", "--port or FOGBANK_PORT", status=1)


def deploy(data: Path, **description: object) -> None:
    """Describes a third deployment in the data directory."""
    folder = data / "deployments"
    folder.mkdir()
    whole = {"name": "third", "title": "Third", "entry": "no_such_package:build", **description}
    (folder / "third.yaml").write_text(yaml.safe_dump(whole))


def test_a_port_of_a_deployment_that_is_taken(data: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        deploy(data, port=port)
        result = fogbank("serve", "--profile", "test", "--port", "0")
    refused(
        result, f"cannot listen on 127.0.0.1:{port}", "`port` in deployments/third.yaml", status=1
    )


def test_a_deployment_whose_package_is_not_there(data: Path) -> None:
    deploy(data, mount="/third")
    result = fogbank("serve", "--profile", "test", "--port", "0", "--deployments", "third")
    refused(result, "'no_such_package:build' cannot be imported", "PYTHONPATH")


def test_a_port_that_is_taken_while_it_pulls(
    data: Path, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

        def pull_missing(*_: object) -> None:
            other.bind(("127.0.0.1", port))
            other.listen()

        monkeypatch.setattr(serve, "pull_missing", pull_missing)
        result = fogbank("serve", "--profile", "test", "--port", str(port))
    refused(result, f"cannot listen on 127.0.0.1:{port}", status=1)


def test_the_door_stays_shut_without_a_key(data: Path) -> None:
    result = fogbank("serve", "--profile", "test", "--host", "0.0.0.0", "--port", "0")
    refused(result, "no API key", "fogbank keys create NAME")
    assert fogbank("keys", "create", "me").exit_code == 0
    opened = fogbank("serve", "--profile", "test", "--host", "0.0.0.0", "--port", "0")
    assert "curl -H 'Authorization: Bearer YOUR_KEY' http://127.0.0.1:" in opened.stdout


def test_a_file_of_keys_that_is_none(data: Path) -> None:
    (data / "fogbank.db").write_text("no database " * 100)
    result = fogbank("serve", "--profile", "test", "--port", "0")
    refused(result, "not a database", str(data / "fogbank.db"), status=1)


def test_variables_that_are_no_settings_are_named(data: Path) -> None:
    options = ("serve", "--profile", "test", "--port", "0")
    told = fogbank(*options, FOGBANK_PROFIL="x").stderr
    assert told == "fogbank: FOGBANK_PROFIL is no setting; did you mean 'FOGBANK_PROFILE'?\n"
    assert fogbank(*options, FOGBANK_URL="http://127.0.0.1:1", FOGBANK_KEY="k").stderr == ""


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("FOGBANK_MAX_BODY_MIB", "inf", "finite"),
        ("FOGBANK_KEYS", "sometimes", "always"),
        ("FOGBANK_LOG_LEVEL", "loud", "warning"),
        ("FOGBANK_PORT", "70000", "65535"),
    ],
)
def test_a_setting_that_is_wrong(data: Path, variable: str, value: str, words: str) -> None:
    result = fogbank("serve", "--profile", "test", **{variable: value})
    refused(result, variable, words)


@pytest.mark.parametrize("level", ["DEBUG", "debug"])
def test_levels_and_the_switch_off(data: Path, monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    seen: list[Settings] = []

    def create(config: Settings, *rest: Any, **named: Any) -> Server:
        seen.append(config)
        return create_app(config, *rest, **named)

    monkeypatch.setattr(serve, "create_app", create)
    options = ("--profile", "test", "--port", "0", "--no-retry-after")
    assert fogbank("serve", *options, FOGBANK_LOG_LEVEL=level).exit_code == 0
    [config] = seen
    assert (config.log_level, config.retry_after) == ("debug", False)
