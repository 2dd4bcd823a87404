"""What `fogbank bench` measured: as JSON, as a table, as files."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from fogbank.load.climb import Climb
from fogbank.load.objective import NAMES, Objective
from fogbank.load.picture import picture
from fogbank.load.step import Step
from fogbank.load.target import Target

SHOWN = ("ttft_p50", "ttft_p95", "ttft_p99", "tpot_p50", "tpot_p95", "e2e_p95")
NOT_EVEN_ONE = "Not even one client keeps the objective."


def document(found: Climb, target: Target, objective: Objective) -> dict[str, Any]:
    """Everything that was measured. Times are in seconds, `client_cpu` in cores."""
    return {
        "url": target.url,
        "model": target.model,
        "dialect": target.dialect,
        "date": date.today().isoformat(),
        "slo": objective.limits,
        "limited_by": found.limited_by,
        "best": found.best and _step(found.best),
        "steps": [_step(step) for step in found.steps],
    }


def write(folder: Path, found: Climb, target: Target, objective: Objective) -> list[Path]:
    """`bench.json` and `bench.svg`, in place of earlier ones. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "bench.json", folder / "bench.svg"]
    told = json.dumps(document(found, target, objective), indent=1)
    title = f"{target.model} at {target.url}, {date.today()}"
    files[0].write_text(told + "\n", encoding="utf-8")
    files[1].write_text(picture(found, objective, title), encoding="utf-8")
    return files


def show(found: Climb, target: Target) -> None:
    """The table, what limited it, and lines for a hardware file."""
    open_loop = found.steps[0].offered is not None
    first = "Arrivals/s" if open_loop else "Clients"
    table = Table(title=f"{target.model} at {target.url}", title_justify="left")
    for heading in (first, "Requests/s", "Tokens/s", "of answers", *SHOWN, "Errors"):
        table.add_column(heading, justify="right")
    for step in found.steps:
        times = [f"{1000 * step.value(name):,.0f} ms" for name in SHOWN]
        errors = ", ".join(f"{count} x {what}" for what, count in step.errors.items())
        load = f"{step.clients}" if step.offered is None else f"{step.offered:g}"
        mark = " *" if step is found.best else ""
        rates = [step.requests_per_second, step.tokens_per_second, step.output_tokens_per_second]
        table.add_row(load + mark, *map(_rate, rates), *times, errors)
    Console(width=max(132, Console().width)).print(table)
    typer.echo(f"Limited by: {found.limited_by}")
    if found.best is None:
        told = "The objective does not hold." if open_loop else NOT_EVEN_ONE
        typer.echo(told)
        return
    typer.echo(
        "For a hardware file:\n"
        "capacity:\n"
        f'  "{target.model}":\n'
        f"    tokens_per_second: {found.best.tokens_per_second:.1f}\n"
        f"    output_share: {found.best.output_share:.2f}\n"
        f'    source: "fogbank bench, {_load(found.best)}, {date.today()}"'
    )


def _rate(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def _load(step: Step) -> str:
    if step.offered is None:
        return f"{step.clients} clients"
    return f"{step.offered:g} arrivals a second"


def _step(step: Step) -> dict[str, Any]:
    return {
        "clients": step.clients,
        "offered_per_second": step.offered,
        "seconds": step.seconds,
        "requests": len(step.samples),
        "requests_per_second": step.requests_per_second,
        "tokens_per_second": step.tokens_per_second,
        "output_tokens_per_second": step.output_tokens_per_second,
        "output_share": step.output_share,
        **{name: step.value(name) for name in NAMES},
        "errors": step.errors,
        "client_cpu": step.client_cpu,
        "client_lag": step.client_lag,
    }
