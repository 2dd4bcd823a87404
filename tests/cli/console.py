"""The command line in this process, and a data directory that it can work on."""

import asyncio
import re
from pathlib import Path
from typing import Any

import yaml
from typer.testing import CliRunner, Result

from fogbank.catalog.profile import Profile
from fogbank.cli.main import app
from tests.server import CARDS, profile


def fogbank(*arguments: str | Path, stdin: str = "", **variables: str) -> Result:
    """Runs a command; `variables` are added to the environment."""
    words = [str(argument) for argument in arguments]
    result = CliRunner().invoke(app, words, input=stdin, env=variables, prog_name="fogbank")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


async def fogbank_beside(*arguments: str | Path, stdin: str = "") -> Result:
    """The same beside a server on this event loop."""
    return await asyncio.to_thread(fogbank, *arguments, stdin=stdin)


def refused(result: Result, *words: str, status: int = 2) -> None:
    """It ended with this status, nothing on stdout, and a message that has these words."""
    text = flat(result.stderr)
    assert result.exit_code == status, text
    assert result.stdout == ""
    for each in words:
        assert each in text
    assert "Traceback" not in text


def flat(text: str) -> str:
    """On one line, however it was wrapped."""
    return re.sub(r"\s+", " ", text)


def write_catalog(data_dir: Path, *profiles: Profile) -> Path:
    """The cards of `tests.server` and these profiles (else its fake one) in a data directory."""
    _write(data_dir / "cards", {f"card{number}": card for number, card in enumerate(CARDS)})
    written = {
        item.name: item.model_dump(mode="json", exclude_defaults=True)
        for item in profiles or [profile()]
    }
    _write(data_dir / "profiles", written)
    return data_dir


def _write(folder: Path, files: dict[str, Any]) -> None:
    folder.mkdir(parents=True)
    for name, content in files.items():
        plain = {key: list(v) if isinstance(v, tuple) else v for key, v in content.items()}
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(plain))
