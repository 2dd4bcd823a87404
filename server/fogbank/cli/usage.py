"""`fogbank usage`: what the ledger of requests adds up to."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from fogbank.cli.common import DataDir, flag, settings, told
from fogbank.cli.ledger import moment, opened_ledger
from fogbank.clock import Clock
from fogbank.cost.price_files import load_prices
from fogbank.cost.prices import PriceTable
from fogbank.settings import package_data
from fogbank.storage.ledger_store import LedgerTotal

COUNTED = ("requests", "prompt_tokens", "cached_tokens", "completion_tokens", "images")


@dataclass
class Usage:
    """The sums of one model. `unpriced` requests are in no `neurons`."""

    model: str
    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    audio_seconds: float = 0.0
    images: int = 0
    neurons: float = 0.0
    unpriced: int = 0

    def add(self, total: LedgerTotal) -> None:
        """Adds the sums of a day."""
        for name in (*COUNTED, "audio_seconds", "neurons", "unpriced"):
            setattr(self, name, getattr(self, name) + getattr(total, name))

    def told(self, prices: PriceTable) -> dict[str, Any]:
        """As JSON; `neurons` and `usd` are null where no request had a price."""
        unpriced = self.unpriced == self.requests
        usd = None if unpriced else prices.usd(self.neurons)
        return vars(self) | {"neurons": None if unpriced else self.neurons, "usd": usd}


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
            rows = by_model(store.totals(begin, now))
    if as_json:
        typer.echo(json.dumps(_document(rows, prices, begin, now)))
    else:
        _show(rows, prices, begin)


def by_model(totals: Iterable[LedgerTotal]) -> list[Usage]:
    """The sums of each model, the dearest first."""
    models: dict[str, Usage] = {}
    for total in totals:
        models.setdefault(total.model, Usage(total.model)).add(total)
    return sorted(models.values(), key=lambda each: (-each.neurons, -each.requests, each.model))


def _document(
    rows: list[Usage], prices: PriceTable, begin: datetime, end: datetime
) -> dict[str, Any]:
    return {
        "since": begin.isoformat(),
        "until": end.isoformat(),
        "prices": prices.date.isoformat(),
        "models": [row.told(prices) for row in rows],
    }


def _show(rows: list[Usage], prices: PriceTable, begin: datetime) -> None:
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


def _cost(row: Usage, prices: PriceTable) -> tuple[str, str]:
    if row.unpriced == row.requests:
        return "unpriced", "unpriced"
    more = f" + {row.unpriced:,} unpriced" if row.unpriced else ""
    return f"{row.neurons:,.2f}{more}", f"{prices.usd(row.neurons):,.4f}"
