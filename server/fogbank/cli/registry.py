"""`fogbank registry ...`: versions of ESMAP's models on a running server."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from fogbank.cli import registry_tables as tables
from fogbank.cli.client import Key, Url
from fogbank.cli.common import fail, told
from fogbank.cli.registry_desk import MOUNT, AsJson, Desk, Model, Mount, Version, read_json
from fogbank.cli.registry_schedules import cancel, schedule, schedules

app = typer.Typer(
    help="Deploy versions of ESMAP's models, and take them back.\n\n"
    "What these commands do, a running server does: name it with --url.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("models")
def models(url: Url = None, key: Key = None, mount: Mount = MOUNT, as_json: AsJson = False) -> None:
    """Show which version of each model answers now."""
    Desk(url, key, mount, as_json).show("GET", "/models", tables.models)


@app.command("versions")
def versions(
    model: Model, url: Url = None, key: Key = None, mount: Mount = MOUNT, as_json: AsJson = False
) -> None:
    """List the recorded versions of a model, newest first."""
    Desk(url, key, mount, as_json).show("GET", f"/models/{model}/versions", tables.versions)


@app.command("register")
def register(
    model: Model,
    version: Version,
    changes: Annotated[str, typer.Option(help="What is new, for people.")],
    config: Annotated[
        Path | None, typer.Option(help="JSON file: keys of the card's config to replace.")
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE of the config; VALUE as JSON, else text."),
    ] = None,
    artifacts: Annotated[
        list[Path] | None, typer.Option("--artifact", help="File that the version needs.")
    ] = None,
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Record a version and upload its files; nothing answers with it yet.

    \b
    Examples:
      fogbank registry register emission-calculator 1.1.0 --changes "Factors of 2026" \\
        --artifact factors.csv
      fogbank registry register energy-qa 1.1.0 --changes "Stricter" --set threshold=0.4
    """  # noqa: D301
    desk = Desk(url, key, mount, as_json)
    files = artifacts or []
    body = {
        "version": version,
        "changes": changes,
        "config": _config(config, values or []),
        "artifacts": [_announced(file) for file in files],
    }
    desk.show("POST", f"/models/{model}/versions", tables.registered, body)
    for file in files:
        desk.upload(f"/models/{model}/versions/{version}/artifacts/{file.name}", file)


@app.command("upload")
def upload(
    model: Model,
    version: Version,
    files: Annotated[list[Path], typer.Argument(help="Files that the version needs.")],
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Upload files of a version that was registered without them."""
    desk = Desk(url, key, mount, as_json)
    for file in files:
        desk.upload(f"/models/{model}/versions/{version}/artifacts/{file.name}", file)


@app.command("validate")
def validate(
    model: Model,
    version: Version,
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Check a version without deploying it; exit status 1 where a check fails."""
    path = f"/models/{model}/versions/{version}/validate"
    answer = Desk(url, key, mount, as_json).show(
        "POST", path, lambda answer: tables.report(answer["report"])
    )
    if not answer["report"]["passed"]:
        raise typer.Exit(1)


@app.command("promote")
def promote(
    model: Model,
    version: Version,
    force: Annotated[
        bool, typer.Option("--force", help="Whatever the last hour was like; it is audited.")
    ] = False,
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Validate a version and let it answer.

    \b
    Examples:
      fogbank registry promote emission-calculator 1.1.0
      fogbank registry promote emission-calculator 1.1.0 --force --json
    """  # noqa: D301
    path = f"/models/{model}/versions/{version}/promote"
    Desk(url, key, mount, as_json).show("POST", path, tables.changed, {"force": force})


@app.command("rollback")
def rollback(
    model: Model,
    version: Annotated[
        str | None, typer.Argument(help="Version that answered once; by default the one before.")
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="Run the golden inputs first.")
    ] = False,
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Let the version before, or a named one, answer again.

    \b
    Examples:
      fogbank registry rollback emission-calculator
      fogbank registry rollback emission-calculator 1.0.0
    """  # noqa: D301
    body = {"version": version, "validate": validate}
    path = f"/models/{model}/rollback"
    Desk(url, key, mount, as_json).show("POST", path, tables.changed, body)


@app.command("compare")
def compare(
    model: Model,
    a: Annotated[str, typer.Argument(help="Version to compare with.")],
    b: Annotated[str, typer.Argument(help="Version that is compared.")],
    labelled: Annotated[
        Path | None,
        typer.Option(help="JSON file: a list of {input, expect}; else the golden inputs."),
    ] = None,
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Run two versions on the same inputs: latency, accuracy, usage.

    \b
    Examples:
      fogbank registry compare climate-bert 1.0.0 1.1.0
      fogbank registry compare climate-bert 1.0.0 1.1.0 --labelled labelled.json
    """  # noqa: D301
    rows = None if labelled is None else read_json(labelled)
    body = {"a": a, "b": b, "labelled": rows}
    path = f"/models/{model}/compare"
    Desk(url, key, mount, as_json).show("POST", path, tables.comparison, body)


app.command("schedule")(schedule)
app.command("schedules")(schedules)
app.command("cancel")(cancel)


@app.command("audit")
def audit(
    model: Annotated[str | None, typer.Option(help="Of this model only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Entries, newest first.")] = 20,
    before: Annotated[str | None, typer.Option(help="Older than the entry of this id.")] = None,
    url: Url = None,
    key: Key = None,
    mount: Mount = MOUNT,
    as_json: AsJson = False,
) -> None:
    """Show who did what, and when."""
    asked = {"limit": str(limit), "model": model, "before": before}
    query = "&".join(f"{name}={value}" for name, value in asked.items() if value)
    Desk(url, key, mount, as_json).show("GET", f"/audit?{query}", tables.audit)


def _announced(file: Path) -> dict[str, Any]:
    with told(), file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return {"name": file.name, "sha256": digest, "size": stream.tell()}


def _config(file: Path | None, values: list[str]) -> dict[str, Any]:
    config = {} if file is None else read_json(file)
    if not isinstance(config, dict):
        fail(f"{file} is no JSON object")
    for value in values:
        name, equals, text = value.partition("=")
        if not name or not equals:
            fail(f"--set {value!r}: expected KEY=VALUE")
        try:
            config[name] = orjson.loads(text)
        except orjson.JSONDecodeError:
            config[name] = text
    return config
