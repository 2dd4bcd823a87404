"""What a person sees of the registry's answers."""

from typing import Any

import typer
from rich.console import Console
from rich.table import Table

MARKS = {True: "passed", False: "FAILED", None: "left out"}


def models(answer: Any) -> None:
    """GET /admin/models."""
    table = _table("Model", "Active version", "Chosen by", "Since", "Packaged version")
    for row in answer["models"]:
        table.add_row(
            row["model_id"],
            row["version"],
            row["chosen_by"],
            _time(row["since"]),
            row["packaged_version"],
        )
    Console().print(table)


def versions(answer: Any) -> None:
    """GET /admin/models/{id}/versions."""
    table = _table("Version", "State", "Registered", "By", "Artifacts", "Changes")
    for row in answer["versions"]:
        table.add_row(
            row["version"],
            _state(row),
            _time(row["created_at"]),
            row["created_by"] or "fogbank",
            ", ".join(each["name"] for each in row["artifacts"]),
            row["changes"],
        )
    Console().print(table)


def registered(answer: Any) -> None:
    """POST /admin/models/{id}/versions."""
    version = answer["version"]
    typer.echo(f"Registered {version['model_id']} {version['version']}.")


def uploaded(answer: Any) -> None:
    """PUT of an artifact."""
    artifact = answer["artifact"]
    typer.echo(f"  {artifact['name']}: {artifact['size']:,} bytes, sha256 {artifact['sha256']}")


def report(found: Any) -> None:
    """The checks of a version."""
    table = _table("Check", "Result", "Detail")
    for check in found["checks"]:
        table.add_row(check["name"], MARKS[check["passed"]], check["detail"])
    Console().print(table)
    typer.echo(f"Version {found['version']} {'passed' if found['passed'] else 'did not pass'}.")


def changed(answer: Any) -> None:
    """Promote and rollback."""
    if answer.get("report"):
        report(answer["report"])
    if answer["changed"]:
        typer.echo(
            f"{answer['model_id']} {answer['version']} answers now, in the place of"
            f" {answer['from_version']}."
        )
    else:
        typer.echo(f"{answer['model_id']} {answer['version']} was the active version already.")


def comparison(answer: Any) -> None:
    """POST /admin/models/{id}/compare."""
    found = answer["comparison"]
    a, b, delta = found["a"], found["b"], found["delta"]
    table = _table("", a["version"], b["version"], "Difference")
    for name, shown in (("mean", "Latency, mean ms"), ("p50", "p50 ms"), ("p95", "p95 ms")):
        figures = (each["latency_ms"][name] for each in (a, b))
        table.add_row(
            shown, *(f"{each:,.3f}" for each in figures), f"{delta['latency_ms'][name]:+,.3f}"
        )
    table.add_row(
        "Accuracy", _share(a["accuracy"]), _share(b["accuracy"]), _more(delta["accuracy"])
    )
    table.add_row("Failed", str(a["failed"]), str(b["failed"]), f"{b['failed'] - a['failed']:+}")
    for name in ("tokens", "neurons"):
        figures = (f"{each['usage'][name]:,}" for each in (a, b))
        table.add_row(name.capitalize(), *figures, f"{delta[name]:+,}")
    Console().print(table)
    typer.echo(f"{_inputs(a['rows'])}: {found['labelled']}.")
    for each in (a, b):
        for mistake in each["mistakes"]:
            typer.echo(f"  {each['version']}, {mistake}")


def scheduled(answer: Any) -> None:
    """POST /admin/schedules."""
    row = answer["schedule"]
    due = _time(row["due"])
    typer.echo(f"{row['model_id']} {row['version']} is promoted at {due}: schedule {row['id']}.")


def schedules(answer: Any) -> None:
    """GET /admin/schedules."""
    table = _table("Due", "Model", "Version", "State", "By", "Id", "Detail")
    for row in answer["schedules"]:
        table.add_row(
            _time(row["due"]),
            row["model_id"],
            row["version"],
            row["state"],
            row["created_by"],
            row["id"],
            row["detail"] or "",
        )
    Console().print(table)


def cancelled(answer: Any) -> None:
    """DELETE /admin/schedules/{id}."""
    row = answer["schedule"]
    typer.echo(f"Cancelled: {row['model_id']} {row['version']} at {_time(row['due'])}.")


def audit(answer: Any) -> None:
    """GET /admin/audit."""
    table = _table("Time", "Actor", "Action", "Model", "Version", "Before", "Details")
    for row in answer["entries"]:
        table.add_row(
            _time(row["at"]),
            row["actor"],
            row["action"],
            row["model_id"],
            row["version"] or "",
            row["from_version"] or "",
            _details(row),
        )
    Console().print(table)
    if answer["before"]:
        typer.echo(f"Older ones: --before {answer['before']}")


def _table(*headings: str) -> Table:
    table = Table()
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def _time(text: str) -> str:
    return text[:19].replace("T", " ") + " UTC"


def _state(row: Any) -> str:
    if row["active"]:
        return f"active since {_time(row['deployed_at'])}"
    return f"replaced {_time(row['deprecated_at'])}" if row["deployed_at"] else "registered"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.1%}"


def _more(value: float | None) -> str:
    return "" if value is None else f"{value:+.1%}"


def _inputs(count: int) -> str:
    return "1 input" if count == 1 else f"{count:,} inputs"


def _details(row: Any) -> str:
    details = row["details"]
    if row["action"] == "validate":
        failed = [check["name"] for check in details["checks"] if check["passed"] is False]
        return "passed" if not failed else f"failed: {', '.join(failed)}"
    if row["action"] == "compare":
        return _inputs(details["b"]["rows"])
    if artifact := details.get("artifact"):
        return f"{artifact['name']}, {artifact['size']:,} bytes"
    return ", ".join(f"{name}: {value}" for name, value in details.items() if value)
