"""`fogbank usage`: what the ledger of requests adds up to."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fogbank.cli.common import DataDir, flag, settings, told
from fogbank.cli.ledger import moment, opened_ledger
from fogbank.clock import Clock
from fogbank.cost.bill import SUMMED, Line, make_bill
from fogbank.cost.price_files import load_prices
from fogbank.cost.prices import PriceTable
from fogbank.runtime.cost_reports import day_uses
from fogbank.settings import package_data
from fogbank.storage.ledger_store import LedgerTotal

COUNTED = ("requests", "prompt_tokens", "cached_tokens", "completion_tokens", "images")


def usage(
    since: Annotated[
        str, typer.Option(help="Hours or days back from now (12h, 7d), or a UTC date (2026-11-01).")
    ] = "7d",
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, on one line.")] = False,
    ledger_url: Annotated[str | None, flag("ledger_url")] = None,
    data_dir: DataDir = None,
) -> None:
    """Show requests, tokens and what Cloudflare charges for them.

    \b
    Examples:
      fogbank usage
      fogbank usage --since 2026-11-01 --json
    """  # noqa: D301
    config = settings(data_dir=data_dir, ledger_url=ledger_url)
    now = Clock().now()
    begin = moment(since, now)
    with told():
        prices = load_prices(package_data(), config.data_dir).newest
        with opened_ledger(config) as store:
            rows = _by_model(store.totals(begin, now), prices)
    if as_json:
        typer.echo(json.dumps(_document(rows, prices, begin, now)))
    else:
        _show(rows, prices, begin)


def _by_model(totals: list[LedgerTotal], prices: PriceTable) -> list[Line]:
    """The sums of each model, all keys together, the dearest first."""
    uses = (replace(use, key=None) for use in day_uses(totals))
    return list(make_bill(uses, prices).lines)


def _told(row: Line, prices: PriceTable) -> dict[str, Any]:
    """As JSON; `neurons` and `usd` are null where no request had a price."""
    sums = {name: getattr(row, name) for name in SUMMED}
    unpriced = row.unpriced == row.requests
    usd = None if unpriced else prices.usd(row.neurons)
    return {"model": row.model, **sums, "neurons": None if unpriced else row.neurons, "usd": usd}


def _document(
    rows: list[Line], prices: PriceTable, begin: datetime, end: datetime
) -> dict[str, Any]:
    return {
        "since": begin.isoformat(),
        "until": end.isoformat(),
        "prices": prices.date.isoformat(),
        "models": [_told(row, prices) for row in rows],
    }


def _show(rows: list[Line], prices: PriceTable, begin: datetime) -> None:
    since = f"{begin:%Y-%m-%d %H:%M} UTC"
    if not rows:
        typer.echo(f"No requests since {since}.")
        return
    table = Table(title=f"Since {since}", title_justify="left")
    table.add_column("Model", overflow="fold")
    for heading in (
        "Requests",
        "Prompt",
        "Cached",
        "Completion",
        "Images",
        "Audio min",
        "Neurons",
        "USD",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        counts = [f"{getattr(row, name):,}" for name in COUNTED]
        table.add_row(row.model, *counts, f"{row.audio_seconds / 60:,.1f}", *_cost(row, prices))
    Console().print(table)
    typer.echo(
        f"Cloudflare's prices of {prices.date}, before its {prices.free_neurons_per_day:,.0f} free"
        " neurons per day."
    )


def _cost(row: Line, prices: PriceTable) -> tuple[str, str]:
    if row.unpriced == row.requests:
        return "unpriced", "unpriced"
    more = f" + {row.unpriced:,} unpriced" if row.unpriced else ""
    return f"{row.neurons:,.2f}{more}", f"{prices.usd(row.neurons):,.4f}"
