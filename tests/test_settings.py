"""Every setting is documented, and is a flag of `fogbank serve` and a variable too."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import ValidationError

from fogbank.cli.main import app
from fogbank.settings import (
    OF_CLIENTS,
    Settings,
    package_data,
    unknown_variables,
    variable,
    words,
)

FIELDS = Settings.model_fields
OTHER_THAN_DEFAULT = {
    "host": "localhost",
    "port": "1234",
    "profile": "cpu",
    "data_dir": "/somewhere/else",
    "deadline": "7",
    "max_deadline": "8",
    "account": "1" * 32,
    "daily_neurons": "10000",
    "budget_usd": "25",
    "ledger_url": "postgresql://localhost/fogbank",
    "deployments": "esmap",
    "database_url": "postgresql://localhost/deployments",
    "cache_url": "valkey://localhost:6379/0",
    "artifacts_url": "s3://artifacts/registry",
    "drain": "9",
    "max_body_mib": "2",
    "keys": "always",
    "retry_after": "false",
    "error_forms": "documented",
    "refuse_deprecated": "true",
    "stream_padding": "true",
    "json_streams": "false",
    "rate_limits": "true",
    "requests_per_minute": "Translation=5",
    "faults": "true",
    "batch_keep": "1",
    "markdown_seconds": "5",
    "finetunes_per_account": "3",
    "gateways": "mine",
    "gateway_cache_ttl": "60",
    "gateway_logs": "5",
    "cache_mib": "1",
    "allowed_origins": "https://a.example",
    "allowed_hosts": "a.example",
    "log_level": "error",
    "log_format": "json",
    "url": "http://a.example",
    "key": "fog_secret",
}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in FIELDS:
        monkeypatch.delenv(f"FOGBANK_{name.upper()}", raising=False)


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_says_what_it_means(name: str) -> None:
    text = FIELDS[name].description
    assert text
    assert text.endswith(".")
    assert len(text) <= 120


def test_each_flag_of_serve_is_a_setting_and_a_variable() -> None:
    assert flags_of("serve") == FIELDS.keys() - OF_CLIENTS


def test_the_commands_that_ask_a_server_take_the_settings_of_clients() -> None:
    for command in ("run", "ps", "stop"):
        assert flags_of(command) >= OF_CLIENTS


def flags_of(command: str) -> set[str]:
    """The settings that are flags of a command, each with its variable, help and opposite."""
    found = typer.main.get_command(app).commands[command].params  # type: ignore[attr-defined]
    flags = {option.name: option for option in found if option.name in FIELDS}
    for name, option in flags.items():
        dashed = name.replace("_", "-")
        assert f"--{dashed}" in option.opts
        assert option.secondary_opts == ([f"--no-{dashed}"] if FIELDS[name].default is True else [])
        assert option.envvar == variable(name)
        assert option.help == FIELDS[name].description
    return set(flags)


@pytest.mark.parametrize("name", FIELDS)
def test_a_variable_sets_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = getattr(Settings(), name)
    monkeypatch.setenv(f"FOGBANK_{name.upper()}", OTHER_THAN_DEFAULT[name])
    assert getattr(Settings(), name) != before
    monkeypatch.setenv(f"FOGBANK_{name.upper()}", "")
    assert getattr(Settings(), name) == before


def test_defaults() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.deadline) == ("127.0.0.1", 8686, 120)
    assert settings.data_dir.name == "fogbank"
    assert settings.max_body_bytes == 32 * 1024 * 1024


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70000),
        ("deadline", 0),
        ("deadline", "inf"),
        ("max_deadline", "nan"),
        ("daily_neurons", 0),
        ("ledger_url", "mysql://localhost/fogbank"),
        ("database_url", "sqlite:///x.db"),
        ("cache_url", "memcached://localhost"),
        ("artifacts_url", "/a/folder"),
        ("drain", -1),
        ("max_body_mib", "inf"),
        ("max_body_mib", "nan"),
        ("keys", "sometimes"),
        ("log_level", "loud"),
        ("requests_per_minute", "Translation"),
        ("requests_per_minute", "Translation=0"),
        ("requests_per_minute", "=5"),
        ("url", "ftp://a.example"),
        ("url", "http://"),
        ("url", "http://[::1"),
    ],
)
def test_what_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Settings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        *[(host, True) for host in ("127.0.0.1", "127.1.2.3", "::1", "localhost")],
        *[(host, False) for host in ("0.0.0.0", "::", "192.168.1.5", "127.0.0.1.evil.example")],
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert Settings(host=host).loopback is loopback


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "http://127.0.0.1:8686"),
        ({"host": "0.0.0.0", "port": 99}, "http://127.0.0.1:99"),
        ({"host": "::"}, "http://[::1]:8686"),
        ({"host": "192.168.1.5"}, "http://192.168.1.5:8686"),
        ({"url": "127.0.0.1:99", "port": 1}, "http://127.0.0.1:99"),
        ({"url": "https://a.example/fog/"}, "https://a.example/fog"),
    ],
)
def test_where_clients_find_the_server(given: dict[str, Any], url: str) -> None:
    assert Settings(**given).server_url == url


def test_a_level_in_capitals() -> None:
    assert Settings(log_level="DEBUG").log_level == "debug"  # type: ignore[arg-type]


def test_the_key_does_not_show() -> None:
    assert "fog_secret" not in repr(Settings(key="fog_secret"))  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["schlüssel", "two words", "line\n"])
def test_a_key_that_no_header_can_carry(key: str) -> None:
    with pytest.raises(ValidationError, match="characters that no key has"):
        Settings(key=key)  # type: ignore[arg-type]


def test_variables_that_are_no_settings() -> None:
    names = ["FOGBANK_PROFIL", "FOGBANK_PROFILE", "FOGBANK_KEY", "PATH", "FOGBANK_A"]
    assert unknown_variables(names) == ["FOGBANK_A", "FOGBANK_PROFIL"]


def test_words() -> None:
    assert words(" A, b,,c ,") == {"a", "b", "c"}


def test_the_package_data_is_there() -> None:
    assert isinstance(package_data(), Path)
    assert (package_data() / "models").is_dir()
    assert inspect.getdoc(Settings)
