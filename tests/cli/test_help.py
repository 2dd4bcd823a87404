"""What the commands say about themselves."""

import pytest

from fogbank import __version__
from tests.cli.console import flat, fogbank

COMMANDS = ["serve", "pull", "run", "models", "ps", "stop", "rm", "bundle", "usage"]
COMMANDS += ["bench", "compare", "version"]
KEY_COMMANDS = ["create", "list", "revoke"]
WORKER_COMMANDS = ["dev", "env"]
COST_COMMANDS = [
    ["simulate"],
    ["report"],
    ["import"],
    ["rows"],
    ["watts"],
    ["hardware"],
    ["prices", "list"],
    ["prices", "diff"],
]
REGISTRY_COMMANDS = ["models", "versions", "register", "upload", "validate", "promote"]
REGISTRY_COMMANDS += ["rollback", "compare", "schedule", "schedules", "cancel", "audit"]
GROUPS = [
    *(["keys", name] for name in KEY_COMMANDS),
    *(["worker", name] for name in WORKER_COMMANDS),
    *(["registry", name] for name in REGISTRY_COMMANDS),
    *(["cost", *names] for names in COST_COMMANDS),
]


def test_the_root_lists_every_command_and_how_to_start() -> None:
    result = fogbank("--help")
    assert result.exit_code == 0
    lines = [line.strip() for line in result.stdout.splitlines()]
    assert "fogbank serve" in lines
    assert any(line.startswith("fogbank run ") for line in lines)
    listed = lines[lines.index("Commands:") + 1 :]
    groups = ["cost", "keys", "registry", "worker"]
    assert [line.split()[0] for line in listed if line] == [*COMMANDS, *groups]
    assert not [line for line in listed if line.endswith("...")]


@pytest.mark.parametrize("command", [*([name] for name in COMMANDS), *GROUPS])
def test_help_speaks_to_its_reader(command: list[str]) -> None:
    result = fogbank(*command, "--help")
    assert result.exit_code == 0
    assert "decisions.md" not in result.stdout
    assert "\b" not in result.stdout


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("run", ["cat letter.txt | fogbank run distilbert-sst-2-int8"]),
        ("bundle", ["There:  fogbank bundle weights.tar --in"]),
        ("registry rollback", ["fogbank registry rollback emission-calculator"]),
        ("serve", ["fogbank serve", "fogbank serve --profile gpu-1x80gb --port 8000"]),
    ],
)
def test_examples_stand_on_lines_of_their_own(command: str, lines: list[str]) -> None:
    shown = [line.strip() for line in fogbank(*command.split(), "--help").stdout.splitlines()]
    assert set(lines) <= set(shown)


def test_choices_and_defaults_of_serve_are_shown() -> None:
    text = flat(fogbank("serve", "--help").stdout)
    for shown in ("auto|always|never", "debug|info|warning|error", "auto|console|json", "8686"):
        assert shown in text
    assert "--no-retry-after" in text


def test_version() -> None:
    assert fogbank("version").stdout.strip() == __version__


def test_a_command_that_there_is_not() -> None:
    result = fogbank("pul")
    assert result.exit_code == 2
    assert "pul" in result.stderr
