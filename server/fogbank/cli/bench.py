"""`fogbank bench`: how much load a running server bears."""

import asyncio
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import httpx2
import typer
from rich.console import Console
from rich.table import Table

from fogbank.cli.client import Key, Url
from fogbank.cli.common import catalog_of, fail, find_models, settings, told
from fogbank.load.climb import Climb, climb
from fogbank.load.mix import Body, recorded, synthetic
from fogbank.load.objective import NAMES, Objective, parse
from fogbank.load.step import Step, run_step
from fogbank.load.target import DIALECTS, Target
from fogbank.settings import Settings

ANSWER_SECONDS = 120.0
SHOWN = ("ttft_p50", "ttft_p95", "ttft_p99", "tpot_p50", "tpot_p95", "e2e_p95")


def bench(
    model: Annotated[str, typer.Argument(help="Model that is asked.")],
    slo: Annotated[
        str, typer.Option(help="What must hold, such as ttft_p95=1s,tpot_p50=80ms,errors=1%.")
    ] = "ttft_p95=2s",
    tokens_in: Annotated[int, typer.Option(min=1, help="Tokens of a prompt, about.")] = 200,
    tokens_out: Annotated[int, typer.Option(min=1, help="Tokens of an answer, at most.")] = 100,
    mix: Annotated[
        Path | None, typer.Option(help="Recorded requests instead, one JSON body a line.")
    ] = None,
    dialect: Annotated[str, typer.Option(help="workers-ai or openai.")] = "workers-ai",
    seconds: Annotated[float, typer.Option(min=0.1, help="Seconds of each load.")] = 15,
    most: Annotated[int, typer.Option(min=1, max=4096, help="Clients to try at most.")] = 256,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, on one line.")] = False,
    url: Url = None,
    key: Key = None,
) -> None:
    """Measure how much load a server bears while an objective holds.

    Clients ask again once they are answered; their number doubles until the objective breaks, no
    more tokens come, or there are enough. The answer ends with lines for a hardware file.

    \b
    Examples:
      fogbank bench llama-3.1-8b-instruct --slo ttft_p95=1s
      fogbank bench meta-llama/Llama-3.1-8B --dialect openai --url http://127.0.0.1:8000
    """  # noqa: D301
    config = settings(url=url, key=key)
    if dialect not in DIALECTS:
        fail(f"--dialect {dialect!r}: expected one of {', '.join(DIALECTS)}")
    try:
        objective = parse(slo)
        bodies = recorded(mix) if mix else synthetic(tokens_in, tokens_out)
    except ValueError as error:
        fail(str(error))
    except OSError as error:
        fail(str(error), 1)
    with told():
        name = _full_name(config, model)
    target = Target(config.server_url, name, dialect, config.account)
    found = asyncio.run(_climb(config, target, bodies, objective, seconds, most, quiet=as_json))
    if as_json:
        typer.echo(json.dumps(document(found, target, objective)))
    else:
        _show(found, target)
    if found.best is None:
        raise typer.Exit(1)


async def _climb(
    config: Settings,
    target: Target,
    bodies: Iterator[Body],
    objective: Objective,
    seconds: float,
    most: int,
    *,
    quiet: bool,
) -> Climb:
    secret = config.key.get_secret_value() if config.key else None
    client = httpx2.AsyncClient(
        headers={"authorization": f"Bearer {secret}"} if secret else {},
        timeout=httpx2.Timeout(ANSWER_SECONDS, connect=10, pool=None),
        limits=httpx2.Limits(max_connections=None),
        trust_env=False,
    )

    async def run(clients: int) -> Step:
        if not quiet:
            typer.echo(f"{clients} clients ...", err=True)
        return await run_step(client, target, bodies, clients, seconds)

    async with client:
        warm = await target.ask(client, next(bodies))
        if warm.error and not warm.error.isdecimal():
            fail(
                f"no server answers at {target.url} ({warm.error}).\n"
                "Start one with 'fogbank serve', or name another with --url or FOGBANK_URL.",
                1,
            )
        if warm.error:
            fail(f"the first request was answered {warm.error} by {target.path}", 1)
        return await climb(run, objective, most)


def document(found: Climb, target: Target, objective: Objective) -> dict[str, Any]:
    """Everything that was measured. Times are in seconds."""
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


def _step(step: Step) -> dict[str, Any]:
    return {
        "clients": step.clients,
        "seconds": step.seconds,
        "requests": len(step.samples),
        "requests_per_second": step.requests_per_second,
        "tokens_per_second": step.tokens_per_second,
        "output_tokens_per_second": step.output_tokens_per_second,
        "output_share": step.output_share,
        **{name: step.value(name) for name in NAMES},
        "errors": step.errors,
    }


def _full_name(config: Settings, model: str) -> str:
    """The catalogue's name where it has one; a server of others may call a model as it likes."""
    found = find_models(catalog_of(config), model)
    return found[0] if len(found) == 1 else model


def _show(found: Climb, target: Target) -> None:
    table = Table(title=f"{target.model} at {target.url}", title_justify="left")
    for heading in ("Clients", "Requests/s", "Tokens/s", "of answers", *SHOWN, "Errors"):
        table.add_column(heading, justify="right")
    for step in found.steps:
        times = [f"{1000 * step.value(name):,.0f} ms" for name in SHOWN]
        errors = ", ".join(f"{count} x {what}" for what, count in step.errors.items())
        mark = " *" if step is found.best else ""
        rates = [step.requests_per_second, step.tokens_per_second, step.output_tokens_per_second]
        figures = [f"{rate:,.2f}" for rate in rates]
        table.add_row(f"{step.clients}{mark}", *figures, *times, errors)
    Console(width=max(120, Console().width)).print(table)
    typer.echo(f"Limited by: {found.limited_by}")
    if found.best is None:
        typer.echo("Not even one client keeps the objective.")
        return
    typer.echo(
        "For a hardware file:\n"
        "capacity:\n"
        f'  "{target.model}":\n'
        f"    tokens_per_second: {found.best.tokens_per_second:.1f}\n"
        f"    output_share: {found.best.output_share:.2f}\n"
        f'    source: "fogbank bench, {found.best.clients} clients, {date.today()}"'
    )
