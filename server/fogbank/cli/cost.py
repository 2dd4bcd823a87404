"""`fogbank cost`: what traffic would cost on Workers AI, and its price tables."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console
from rich.table import Table

from fogbank.catalog.card import Card
from fogbank.cli import cost_import, cost_report, cost_watts
from fogbank.cli.common import DataDir, catalog_of, fail, model_name, price_table, settings, told
from fogbank.cost.price_diff import PriceChange, price_diff
from fogbank.cost.price_files import load_prices
from fogbank.cost.prices import PriceTable
from fogbank.cost.traffic import Simulation, Traffic, Workload, read_traffic, simulate
from fogbank.settings import Settings, package_data

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, on one line.")]
PriceDate = Annotated[
    str | None, typer.Option("--prices", help="Date of the price table; by default the newest.")
]

app = typer.Typer(
    help="What traffic costs on Workers AI.", no_args_is_help=True, rich_markup_mode=None
)
prices_app = typer.Typer(
    help="Cloudflare's price tables.", no_args_is_help=True, rich_markup_mode=None
)
app.command("report")(cost_report.report)
app.command("import")(cost_import.import_command)
app.command("watts")(cost_watts.watts)
app.command("rows")(cost_report.rows)
app.command("hardware")(cost_report.hardware_command)
app.add_typer(prices_app, name="prices")


@app.command("simulate")
def simulate_command(
    file: Annotated[
        Path | None, typer.Argument(help="Traffic of several models, in YAML or JSON.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model that is asked.")] = None,
    requests_per_day: Annotated[float | None, typer.Option(help="Requests of a day.")] = None,
    tokens_in: Annotated[float, typer.Option(help="Mean tokens of a prompt.")] = 0,
    tokens_out: Annotated[float, typer.Option(help="Mean tokens of an answer.")] = 0,
    tokens_cached: Annotated[
        float, typer.Option(help="Of a prompt's tokens, those of a prefix cache.")
    ] = 0,
    days: Annotated[float, typer.Option(help="Days that the traffic goes on.")] = 30,
    prices: PriceDate = None,
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Tell what traffic would cost on Workers AI.

    The free allocation of each day is taken off once, from the sum of all models.

    \b
    Examples:
      fogbank cost simulate --model llama-3.1-8b-instruct-fast --requests-per-day 333 \\
          --tokens-in 1500 --tokens-out 900
      fogbank cost simulate traffic.yaml --json
    A file:
      days: 30
      models:
        - {model: llama-3.1-8b-instruct-fast, requests_per_day: 333, tokens_in: 1500}
    """  # noqa: D301
    config = settings(data_dir=data_dir)
    with told():
        table = price_table(load_prices(package_data(), config.data_dir), prices)
        find = finder(config)
        if file is not None:
            if model is not None or requests_per_day is not None:
                fail("name a file or a --model, not both")
            traffic = read_traffic(file)
        elif model is None or requests_per_day is None:
            fail("name a file, or --model and --requests-per-day")
        else:
            traffic = _traffic(
                days,
                model=model,
                requests_per_day=requests_per_day,
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                tokens_cached=tokens_cached,
            )
        bill = simulate(traffic, table, find)
    if as_json:
        typer.echo(json.dumps(document(bill, table)))
    else:
        _show(bill, table)


@prices_app.command("list")
def list_command(data_dir: DataDir = None) -> None:
    """List the price tables that there are, the oldest first."""
    config = settings(data_dir=data_dir)
    with told():
        book = load_prices(package_data(), config.data_dir)
    for each in book.tables.values():
        used = ", used unless another is asked for" if each is book.newest else ""
        typer.echo(f"{each.date}: {len(each.models)} models{used}")


@prices_app.command("diff")
def diff_command(
    before: Annotated[str, typer.Argument(help="Date of a table, such as 2026-08-28.")],
    after: Annotated[str, typer.Argument(help="Date of another.")],
    as_json: AsJson = False,
    data_dir: DataDir = None,
) -> None:
    """Show every rate that differs between two price tables, in neurons."""
    config = settings(data_dir=data_dir)
    with told():
        book = load_prices(package_data(), config.data_dir)
        tables = price_table(book, before), price_table(book, after)
    changes = price_diff(*tables)
    if as_json:
        typer.echo(json.dumps([_change(each) for each in changes]))
    else:
        _show_changes(changes, *tables)


def finder(config: Settings) -> Callable[[str], Card]:
    """Finds cards by full names, aliases and last parts; the command ends for an unknown one."""
    catalog = catalog_of(config)
    return lambda name: catalog.cards[model_name(catalog, name)]


def document(bill: Simulation, table: PriceTable) -> dict[str, Any]:
    """A simulation as JSON."""
    return {
        "prices": table.date.isoformat(),
        "days": bill.days,
        "models": [
            {
                "model": each.model,
                "requests": each.requests,
                "tokens_in": each.tokens_in,
                "tokens_out": each.tokens_out,
                "neurons": each.neurons,
                "assumed": each.assumed or None,
            }
            for each in bill.models
        ],
        "neurons": bill.neurons,
        "neurons_billed": bill.neurons_billed,
        "usd": bill.usd,
        "unpriced": bill.unpriced,
    }


def _traffic(days: float, **load: Any) -> Traffic:
    try:
        return Traffic(days=days, models=(Workload(**load),))
    except ValidationError as error:
        fail("; ".join(_flag(each) for each in error.errors(include_url=False)))


def _flag(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    return f"--{error['loc'][-1]}: {message}".replace("_", "-") if error["loc"] else message


def _show(bill: Simulation, table: PriceTable) -> None:
    shown = Table(title=f"{bill.days:g} days on Workers AI", title_justify="left")
    shown.add_column("Model", overflow="fold")
    for heading in ("Requests", "Tokens in", "Tokens out", "Neurons", "USD"):
        shown.add_column(heading, justify="right")
    for each in bill.models:
        counts = [f"{value:,.0f}" for value in (each.requests, each.tokens_in, each.tokens_out)]
        cost = ["unpriced", "unpriced"]
        if each.neurons is not None:
            cost = [f"{each.neurons:,.2f}", f"{table.usd(each.neurons):,.4f}"]
        shown.add_row(each.model, *counts, *cost)
    Console().print(shown)
    typer.echo(
        f"{bill.neurons:,.2f} neurons, of which {bill.neurons_billed:,.2f} are billed after"
        f" {table.free_neurons_per_day:,.0f} free ones a day: {bill.usd:,.4f} USD"
        f" (prices of {table.date})."
    )
    for each in bill.models:
        if each.assumed:
            typer.echo(f"The price of {each.model} is assumed. {each.assumed}")
    if bill.unpriced:
        typer.echo(f"Not in the price table, so in no sum: {', '.join(bill.unpriced)}")


def _change(change: PriceChange) -> dict[str, Any]:
    return {
        "model": change.model,
        "unit": change.unit,
        "rate": change.rate,
        "change": change.kind,
        "before": change.before,
        "after": change.after,
        "percent": change.percent,
    }


def _show_changes(changes: list[PriceChange], before: PriceTable, after: PriceTable) -> None:
    if before.usd_per_1000_neurons != after.usd_per_1000_neurons:
        typer.echo(
            f"1,000 neurons: {before.usd_per_1000_neurons} USD, then {after.usd_per_1000_neurons}"
        )
    if before.free_neurons_per_day != after.free_neurons_per_day:
        typer.echo(
            f"Free a day: {before.free_neurons_per_day:,.0f} neurons,"
            f" then {after.free_neurons_per_day:,.0f}"
        )
    if not changes:
        typer.echo(f"No rate differs between {before.date} and {after.date}.")
        return
    shown = Table(title=f"Neurons, {before.date} and {after.date}", title_justify="left")
    shown.add_column("Model", overflow="fold")
    for heading in ("Rate", "Unit", "Before", "After", "%"):
        shown.add_column(heading, justify="left" if heading in ("Rate", "Unit") else "right")
    for each in changes:
        figures = ["" if each.before is None else f"{each.before:,g}"]
        figures.append("" if each.after is None else f"{each.after:,g}")
        figures.append(each.kind if each.percent is None else f"{each.percent:+.1f}")
        shown.add_row(each.model, each.rate, each.unit, *figures)
    Console().print(shown)
