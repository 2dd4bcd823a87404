from pathlib import Path

import pytest

from tests.cli.console import fogbank, refused


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOGBANK_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_key_is_made_listed_and_revoked() -> None:
    assert fogbank("keys", "list").stdout.startswith("No keys.")
    made = fogbank("keys", "create", "laptop")
    secret = made.stdout.strip()
    assert secret.startswith("fog_")
    assert "Authorization: Bearer" in made.stderr
    assert secret not in made.stderr
    listed = fogbank("keys", "list").stdout
    assert listed.split()[:2] == ["laptop", f"{secret[:8]}..."]
    assert listed.rstrip().endswith("active")
    assert secret not in listed
    assert fogbank("keys", "revoke", "laptop").stdout == "Revoked laptop.\n"
    assert " revoked " in fogbank("keys", "list").stdout


@pytest.mark.parametrize("name", ["", "  ", "two\nlines", "bell\a", "x" * 65])
def test_a_name_is_one_printable_line(name: str) -> None:
    refused(fogbank("keys", "create", name), "1 to 64 printable characters")


def test_the_longest_name() -> None:
    assert fogbank("keys", "create", "ü" * 64).exit_code == 0


def test_a_name_is_taken_once() -> None:
    fogbank("keys", "create", "laptop")
    refused(fogbank("keys", "create", "laptop"), "'laptop' exists", "another name")


def test_revoking_nobody() -> None:
    refused(fogbank("keys", "revoke", "nobody"), "no active key 'nobody'", "keys list")


@pytest.mark.parametrize("command", [("create", "x"), ("list",), ("revoke", "x")])
def test_a_file_that_is_no_database(command: tuple[str, ...], data_dir: Path) -> None:
    file = data_dir / "fogbank.db"
    file.write_text("a shopping list, which is longer than the head of a database" * 20)
    refused(fogbank("keys", *command), "not a database", str(file), status=1)


@pytest.mark.parametrize("command", [("create", "x"), ("list",), ("revoke", "x")])
def test_a_folder_that_cannot_be_made(command: tuple[str, ...], data_dir: Path) -> None:
    file = data_dir / "file"
    file.touch()
    refused(fogbank("keys", *command, "--data-dir", file / "below"), str(file), status=1)
