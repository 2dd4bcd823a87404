"""`fogbank registry`, beside a running server."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from fogbank.cli.registry_schedules import _due
from fogbank.clock import Clock
from tests.cli.console import flat, fogbank, fogbank_beside, refused
from tests.deployments.esmap.registry.world import MODEL, Place, World, world
from tests.server import live

pytestmark = pytest.mark.anyio


@dataclass
class Console:
    """The command line, and the server that it talks to."""

    esmap: World
    url: str

    async def run(self, *arguments: str | Path) -> Result:
        """A command."""
        return await fogbank_beside("registry", *arguments, "--url", self.url)

    async def done(self, *arguments: str | Path) -> str:
        """The output of a command that ends with status 0."""
        result = await self.run(*arguments)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    async def json(self, *arguments: str | Path) -> Any:
        """The same, as JSON on one line."""
        (line,) = (await self.done(*arguments, "--json")).splitlines()
        return json.loads(line)


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    async with world(Place(tmp_path)) as esmap, live(esmap.server) as url:
        yield Console(esmap, url)


async def test_a_version_from_its_registration_to_its_end(console: Console, tmp_path: Path) -> None:
    (tmp_path / "bias.json").write_text("40")
    (tmp_path / "config.json").write_text('{"factor": 2, "bias": true}')
    said = await console.done(
        "register",
        MODEL,
        "1.1.0",
        "--changes",
        "Twice as much",
        "--config",
        tmp_path / "config.json",
        "--set",
        "factor=3",
        "--artifact",
        tmp_path / "bias.json",
    )
    assert "Registered scale 1.1.0." in said
    assert "bias.json: 2 bytes, sha256 d59eced1ded07f84c145592f65bdf854358e009c5cd" in said
    listed = await console.done("versions", MODEL)
    assert "Twice as much" in listed
    assert "registered" in listed
    assert "golden_latency" in await console.done("validate", MODEL, "1.1.0")
    said = await console.done("promote", MODEL, "1.1.0")
    assert "scale 1.1.0 answers now, in the place of 1.0.0." in said
    assert (await console.esmap.infer())["result"]["scaled"] == 46
    assert "was the active version already" in await console.done("promote", MODEL, "1.1.0")
    assert "1.1.0" in await console.done("models")
    said = await console.done("rollback", MODEL)
    assert "scale 1.0.0 answers now, in the place of 1.1.0." in said
    assert "passed" in await console.done("rollback", MODEL, "1.1.0", "--validate")
    audit = await console.done("audit", "--model", MODEL, "--limit", "5")
    assert "bias.json, 2 bytes" not in audit
    assert "Older ones: --before" in audit
    before = audit.split("--before ")[1].split()[0]
    assert "bias.json, 2 bytes" in await console.done("audit", "--before", before)


async def test_what_is_refused_says_why(console: Console) -> None:
    await console.esmap.register("1.1.0", fails=True)
    for extra in ((), ("--force",)):
        result = await console.run("promote", MODEL, "1.1.0", *extra)
        assert result.exit_code == 1
        assert "golden input 0: RuntimeError: it is broken" in flat(result.stdout)
        assert "version 1.1.0 of scale is not deployed: golden" in result.stderr
    result = await console.run("promote", MODEL, "1.1.0", "--json")
    assert json.loads(result.stdout)["details"]["report"]["passed"] is False
    result = await console.run("validate", MODEL, "1.1.0")
    assert (result.exit_code, "did not pass" in result.stdout) == (1, True)
    refused(await console.run("versions", "none"), "there is no model 'none'", status=1)
    refused(await console.run("rollback", MODEL), "no version before 1.0.0", status=1)


async def test_comparison(console: Console, tmp_path: Path) -> None:
    await console.esmap.register("1.1.0", factor=3)
    rows = [{"input": {"features": {"value": 1}}, "expect": {"scaled": 3}}]
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    labelled = ("--labelled", tmp_path / "rows.json")
    said = await console.done("compare", MODEL, "1.0.0", "1.1.0", *labelled)
    assert "+100.0%" in said
    assert "1 input: given in the request." in said
    assert "1.0.0, input 0: scaled: expected 3, found 1.0" in said
    told = await console.json("compare", MODEL, "1.0.0", "1.1.0")
    assert told["comparison"]["labelled"] == "golden inputs of the card"


async def test_schedules(console: Console) -> None:
    await console.esmap.register("1.1.0")
    at = (console.esmap.clock.now() + timedelta(days=1)).isoformat()
    said = await console.done("schedule", MODEL, "1.1.0", "--at", at)
    assert "scale 1.1.0 is promoted at" in said
    (row,) = (await console.json("schedules"))["schedules"]
    assert row["id"] in said
    assert row["due"] == at.replace("+00:00", ".000000+00:00")
    assert "Cancelled: scale 1.1.0" in await console.done("cancel", row["id"])
    assert "cancelled by local" in flat(await console.done("schedules"))
    refused(await console.run("cancel", row["id"]), "is cancelled already", status=1)
    await console.done("schedule", MODEL, "1.1.0", "--in", "12h")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("schedule", MODEL, "1"), "give either --at or --in"),
        (("schedule", MODEL, "1", "--in", "soon"), "such as 12h"),
        (("schedule", MODEL, "1", "--at", "tomorrow"), "such as 2026-12-01T03"),
        (("schedule", MODEL, "1", "--at", "2026-12-01T03:00"), "has no time zone"),
        (("register", MODEL, "1", "--changes", "x", "--set", "x"), "expected KEY=VALUE"),
    ],
)
def test_mistakes_that_no_server_hears_of(arguments: tuple[str, ...], told: str) -> None:
    refused(fogbank("registry", *arguments), told)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    missing = tmp_path / "none.csv"
    for words in (("register", MODEL, "1", "--changes", "x", "--artifact"), ("upload", MODEL, "1")):
        refused(fogbank("registry", *words, missing), "none.csv", status=1)


async def test_an_upload_that_comes_later(console: Console, tmp_path: Path) -> None:
    await console.esmap.register("1.1.0", bias=True)
    (tmp_path / "bias.json").write_text("40")
    said = await console.done("upload", MODEL, "1.1.0", tmp_path / "bias.json")
    assert "bias.json: 2 bytes" in said
    (tmp_path / "bias.json").write_text("41")
    result = await console.run("upload", MODEL, "1.1.0", tmp_path / "bias.json")
    assert (result.exit_code, "d59eced1" in result.stderr) == (1, True)


def test_how_long_from_now() -> None:
    span = datetime.fromisoformat(_due(None, "90s")) - Clock().now()
    assert timedelta(seconds=80) < span <= timedelta(seconds=90)


async def test_another_mount(console: Console) -> None:
    result = await console.run("models", "--mount", "/elsewhere")
    assert result.exit_code == 1
