"""`fogbank cost report`: what was served, the cloud's bill for it, and own hardware beside it."""

from pathlib import Path
from typing import Annotated

import typer

from fogbank.cli.common import DataDir, catalog_of, fail, flag, price_table, settings, told
from fogbank.cli.cost_forms import FORMS
from fogbank.cli.cost_quality import read_quality
from fogbank.cli.ledger import moment, opened_ledger
from fogbank.clock import Clock
from fogbank.cost.hardware import Hardware, load_hardware
from fogbank.cost.price_files import load_prices
from fogbank.cost.quality import Quality
from fogbank.cost.report import Report, make_report
from fogbank.runtime.cost_reports import day_uses
from fogbank.settings import Settings, package_data


def report(
    since: Annotated[
        str, typer.Option(help="Hours or days back from now (12h, 30d), or a UTC date.")
    ] = "30d",
    hardware: Annotated[
        str | None, typer.Option(help="Own hardware beside it: a name of 'fogbank cost hardware'.")
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(help="Price everything by the table of this date; by default as recorded."),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(help="Speed and quality beside cost: a file of 'fogbank compare'."),
    ] = None,
    as_: Annotated[
        str, typer.Option("--as", help="table, json, csv (the lines) or html (a page).")
    ] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write; by default stdout.")] = None,
    ledger_url: Annotated[str | None, flag("ledger_url")] = None,
    data_dir: DataDir = None,
) -> None:
    """Report what was served, what Cloudflare charges for it, and what own hardware costs.

    \b
    Examples:
      fogbank cost report
      fogbank cost report --since 2026-11-01 --hardware rented-h100 --as html --out cost.html
    """  # noqa: D301
    if as_ not in FORMS:
        fail(f"--as {as_!r}: expected one of {', '.join(FORMS)}")
    config = settings(data_dir=data_dir, ledger_url=ledger_url)
    with told():
        quality = None if compare is None else read_quality(compare)
        made = _made(config, since, hardware, prices, quality)
        deliver(FORMS[as_](made), out)


def deliver(text: str, out: Path | None) -> None:
    """To stdout, or to a file. Raises OSError where it cannot be written."""
    if out is None:
        typer.echo(text, nl=not text.endswith("\n"))
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"Written: {out}")


def hardware_command(data_dir: DataDir = None) -> None:
    """List the hardware that there is: samples, and files of hardware/ in the data directory."""
    config = settings(data_dir=data_dir)
    with told():
        found = load_hardware(package_data(), config.data_dir)
    for each in found.values():
        kind = " (a sample: copy it and put your own figures in)" if each.sample else ""
        typer.echo(f"{each.name}: {each.description}{kind}")


def rows(
    since: Annotated[str, typer.Option(help="As in 'fogbank cost report'.")] = "30d",
    model: Annotated[str | None, typer.Option(help="Rows of this model only.")] = None,
    key: Annotated[
        str | None, typer.Option(help="Rows of this API key only; '' for those without one.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="As --since; rows before it. By default now.")
    ] = None,
    ledger_url: Annotated[str | None, flag("ledger_url")] = None,
    data_dir: DataDir = None,
) -> None:
    """Print the ledger's rows behind a report, as JSON lines, the oldest first."""
    config = settings(data_dir=data_dir, ledger_url=ledger_url)
    now = Clock().now()
    begin, end = moment(since, now), now if until is None else moment(until, now, "--until")
    with told(), opened_ledger(config) as store:
        for row in store.records(begin, end):
            if model in (None, row.model) and key in (None, row.key or ""):
                typer.echo(row.line(), nl=False)


def _made(
    config: Settings,
    since: str,
    hardware: str | None,
    prices: str | None,
    quality: Quality | None,
) -> Report:
    now = Clock().now()
    begin = moment(since, now)
    table = price_table(load_prices(package_data(), config.data_dir), prices)
    machine = None if hardware is None else find_hardware(config, hardware)
    catalog = catalog_of(config)
    with opened_ledger(config) as store:
        uses = day_uses(store.totals(begin, now))
    return make_report(
        uses,
        begin,
        now,
        table,
        catalog.resolve,
        again=prices is not None,
        hardware=machine,
        quality=quality,
    )


def find_hardware(config: Settings, name: str) -> Hardware:
    """Hardware by its name; the command ends where there is none."""
    found = load_hardware(package_data(), config.data_dir)
    if name not in found:
        fail(f"no hardware {name!r}; there is: {', '.join(found)}")
    return found[name]
