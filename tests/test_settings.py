"""Every setting is documented, and is a flag of `fogbank serve` and a variable too."""

import inspect
from pathlib import Path

import pytest
import typer.main
from pydantic import ValidationError

from fogbank.cli.main import app
from fogbank.settings import Settings, package_data, words

FIELDS = Settings.model_fields
OTHER_THAN_DEFAULT = {
    "host": "localhost",
    "port": "1234",
    "profile": "cpu",
    "data_dir": "/somewhere/else",
    "deadline": "7",
    "max_deadline": "8",
    "drain": "9",
    "max_body_mib": "2",
    "keys": "always",
    "retry_after": "false",
    "allowed_origins": "https://a.example",
    "allowed_hosts": "a.example",
    "log_level": "error",
    "log_format": "json",
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
    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    flags = {option.name: option for option in command.params}
    assert flags.keys() == FIELDS.keys()
    for name, option in flags.items():
        assert f"--{name.replace('_', '-')}" in option.opts
        assert option.envvar == f"FOGBANK_{name.upper()}"
        assert option.help == FIELDS[name].description


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
        ("drain", -1),
        ("keys", "sometimes"),
        ("log_level", "loud"),
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


def test_words() -> None:
    assert words(" A, b,,c ,") == {"a", "b", "c"}


def test_the_package_data_is_there() -> None:
    assert isinstance(package_data(), Path)
    assert (package_data() / "models").is_dir()
    assert inspect.getdoc(Settings)
