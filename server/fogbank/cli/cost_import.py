"""`fogbank cost import`: the report of logs that people have."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from fogbank.catalog.card import Card
from fogbank.catalog.catalog import Catalog
from fogbank.cli.common import (
    DataDir,
    catalog_of,
    fail,
    find_models,
    model_name,
    price_table,
    settings,
    told,
)
from fogbank.cli.cost_forms import FORMS
from fogbank.cli.cost_report import deliver, find_hardware
from fogbank.cost.log_columns import UnknownColumns
from fogbank.cost.log_import import Imported, import_rows
from fogbank.cost.log_rows import read_rows
from fogbank.cost.price_files import load_prices
from fogbank.cost.prices import PriceTable
from fogbank.cost.report import make_report
from fogbank.settings import package_data
from fogbank.tasks import Usage

LISTED = 20
"""Bad rows that are shown."""


def import_command(
    file: Annotated[Path, typer.Argument(help="JSON lines, JSON or CSV.")],
    column: Annotated[
        list[str] | None, typer.Option(help="FIELD=NAME: which column is what; repeatable.")
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(help="NAME=MODEL: what a model of the log counts as; repeatable."),
    ] = None,
    day: Annotated[str | None, typer.Option(help="UTC date of rows without a time.")] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave bad rows out, after listing them.")
    ] = False,
    hardware: Annotated[str | None, typer.Option(help="Own hardware beside it.")] = None,
    prices: Annotated[
        str | None,
        typer.Option(help="Price everything by this table; by default the log's own neurons."),
    ] = None,
    as_: Annotated[str, typer.Option("--as", help=f"One of {', '.join(FORMS)}.")] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write; by default stdout.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Report the cost of logs that you have.

    AI Gateway's log exports, analytics of Workers AI, usage records of OpenAI's form and this
    server's own rows are recognised by their columns.

    \b
    Examples:
      fogbank cost import gateway-logs.jsonl
      fogbank cost import usage.csv --column model=engine --model gpt-4o=llama-3.2-3b-instruct
    """  # noqa: D301
    if as_ not in FORMS:
        fail(f"--as {as_!r}: expected one of {', '.join(FORMS)}")
    config = settings(data_dir=data_dir)
    with told():
        catalog = catalog_of(config)
        table = price_table(load_prices(package_data(), config.data_dir), prices)
        machine = None if hardware is None else find_hardware(config, hardware)
        try:
            imported = import_rows(
                read_rows(file),
                _Price(catalog, table),
                said=_pairs(column, "--column"),
                models=_counted_as(catalog, _pairs(model, "--model")),
                day=_date(day),
                recorded=prices is None,
            )
        except UnknownColumns as error:
            fail(f"{file}: {error}")
        except ValueError as error:
            fail(str(error))
    _tell_bad(file, imported, skip_bad)
    if not imported.uses:
        fail(f"{file} has no rows that can be used")
    days = [use.day for use in imported.uses.values()]
    since = datetime.combine(min(days), datetime.min.time(), UTC)
    until = datetime.combine(max(days), datetime.min.time(), UTC) + timedelta(days=1)
    made = make_report(
        imported.uses.values(),
        since,
        until,
        table,
        lambda name: _card(catalog, name),
        hardware=machine,
        log=file.name,
    )
    with told():
        deliver(FORMS[as_](made), out)
    if as_ == "table":
        typer.echo(_summary(imported))


class _Price:
    def __init__(self, catalog: Catalog, table: PriceTable) -> None:
        self._catalog = catalog
        self._table = table

    def __call__(self, name: str, usage: Usage) -> float | None:
        card = _card(self._catalog, name)
        return None if card is None else self._table.neurons(card, usage)


def _card(catalog: Catalog, name: str) -> Card | None:
    """By full name, alias or last part; None for what is none of ours, or may be several."""
    found = find_models(catalog, name)
    return catalog.cards[found[0]] if len(found) == 1 else None


def _pairs(given: list[str] | None, flag: str) -> dict[str, str]:
    found = {}
    for each in given or ():
        name, sign, value = each.partition("=")
        if not (name and sign and value):
            fail(f"{flag} {each!r}: expected two names with = between them")
        found[name] = value
    return found


def _counted_as(catalog: Catalog, names: dict[str, str]) -> dict[str, str]:
    return {name: model_name(catalog, value) for name, value in names.items()}


def _date(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        fail(f"--day {text!r} is no date such as 2026-11-28")


def _tell_bad(file: Path, imported: Imported, skip: bool) -> None:
    for line, what in imported.bad[:LISTED]:
        typer.echo(f"{file}:{line}: {what}", err=True)
    if len(imported.bad) > LISTED:
        typer.echo(f"... and {len(imported.bad) - LISTED} more", err=True)
    if imported.bad and not skip:
        fail(f"{len(imported.bad)} of {imported.rows} rows are bad; --skip-bad leaves them out")


def _summary(imported: Imported) -> str:
    text = f"{imported.rows:,} rows"
    if imported.bad:
        text += f", {len(imported.bad):,} bad ones left out"
    if imported.cached:
        text += f", {imported.cached:,} requests answered by a cache"
    if imported.failed:
        text += f", {imported.failed:,} failed"
    return text + "."
