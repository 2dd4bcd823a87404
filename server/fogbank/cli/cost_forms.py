"""The forms of the cost report on paper and terminal; each is made from its JSON."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import Console
from rich.table import Table

from fogbank.cli.cost_quality import show_quality
from fogbank.cost.report import Report, as_json

COLUMNS = (
    "model",
    "key",
    "requests",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "audio_seconds",
    "images",
    "neurons",
    "billed",
    "usd",
    "unpriced",
)
SHOWN = 5
"""Figures that move the answer, at most."""


def table_text(report: Report) -> str:
    """For a terminal."""
    told = as_json(report)
    console = Console(file=io.StringIO(), width=max(100, Console().width))
    since, until = f"{report.since:%Y-%m-%d %H:%M}", f"{report.until:%Y-%m-%d %H:%M}"
    if not told["lines"]:
        console.print(f"No requests from {since} to {until} UTC.", highlight=False)
    else:
        console.print(_lines(told, f"{since} to {until} UTC"))
        for sentence in (*_bill(told), *_instead(told), *_own(told)):
            console.print(sentence, highlight=False, soft_wrap=True)
    if told["compare"] is not None:
        show_quality(console, told["compare"])
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def json_text(report: Report) -> str:
    """All of it, on one line."""
    return json.dumps(as_json(report)) + "\n"


def csv_text(report: Report) -> str:
    """The lines of the bill, one a model and key."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(as_json(report)["lines"])
    return out.getvalue()


def html_text(report: Report) -> str:
    """A page of its own, for a browser or a printer."""
    from fogbank.cost.page import page

    return page(as_json(report))


FORMS: dict[str, Callable[[Report], str]] = {
    "table": table_text,
    "json": json_text,
    "csv": csv_text,
    "html": html_text,
}


def _lines(told: dict[str, Any], title: str) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("Model", overflow="fold")
    table.add_column("Key", overflow="fold")
    for heading in ("Requests", "Prompt", "Completion", "Neurons", "USD"):
        table.add_column(heading, justify="right")
    for line in told["lines"]:
        cost = ["unpriced", "unpriced"]
        if line["neurons"] is not None:
            more = f" + {line['unpriced']:,} unpriced" if line["unpriced"] else ""
            cost = [f"{line['neurons']:,.2f}{more}", f"{line['usd']:,.4f}"]
        counts = [f"{line[name]:,}" for name in ("requests", "prompt_tokens", "completion_tokens")]
        table.add_row(line["model"], line["key"] or "", *counts, *cost)
    return table


def _bill(told: dict[str, Any]) -> Iterator[str]:
    how = "as recorded" if told["neurons_as"] == "recorded" else "all priced"
    yield (
        f"Workers AI: {told['usd']:,.4f} USD for {told['neurons_billed']:,.2f} of"
        f" {told['neurons']:,.2f} neurons, {told['free_neurons_per_day']:,.0f} a UTC day being free"
        f" ({how}, prices of {told['prices']})."
    )
    if told["unpriced"]:
        yield f"Not in the price table, so in no sum: {', '.join(told['unpriced'])}"


def _instead(told: dict[str, Any]) -> Iterator[str]:
    if len(told["instead"]) > 1:
        yield "\nAll text through one model, before the free allocation:"
    for each in told["instead"] if len(told["instead"]) > 1 else ():
        yield f"  {each['usd']:12,.4f} USD  {each['model']}  {100 * each['saved']:3.0f} % less"


def _own(told: dict[str, Any]) -> Iterator[str]:
    if told["hardware"] is None:
        yield "Own hardware beside it:  fogbank cost report --hardware NAME"
        return
    own = told["own"]
    if own is None:
        yield f"Nothing was served that {told['hardware']} has a capacity for."
        return
    month, even = own["own_usd_per_month"], own["break_even"]
    sample = " A SAMPLE: put your own figures in." if own["sample"] else ""
    yield f"\nOwn hardware, {told['hardware']}: {own['description']}{sample}"
    yield (
        f"  A month: {month['total']:,.2f} USD (capital {month['capital']:,.2f}, power"
        f" {month['power']:,.2f}, hosting {month['hosting']:,.2f}, people {month['people']:,.2f});"
        f" Workers AI {own['cloud_usd_per_month']:,.2f} USD."
    )
    yield (
        f"  A million tokens: {own['own_usd_per_million_tokens']:,.4f} USD here,"
        f" {own['cloud_usd_per_million_tokens']:,.4f} there, at"
        f" {own['tokens_per_second']:,.2f} tokens/s, {100 * own['utilisation']:.2g} % of what"
        f" {own['machines']} can do."
    )
    if even["tokens_per_second"] is None:
        yield "  Break-even: never; a token costs more here than there, however many there are."
    else:
        yield (
            f"  Break-even: {even['tokens_per_second']:,.1f} tokens/s, sustained:"
            f" {100 * even['utilisation']:.3g} % of its capacity."
        )
    if own["paid_for_after_months"] is not None:
        late = ", after its end" if own["outlived"] else ""
        yield f"  Paid for after {own['paid_for_after_months']:,.1f} months{late}."
    odds = own["odds"]
    yield (
        f"  Cheaper than Workers AI in {100 * odds['probability']:.0f} % of {odds['samples']:,}"
        f" draws over the ranges; 5 to 95 %: {odds['own'][0]:,.2f} to {odds['own'][2]:,.2f} USD."
    )
    for swing in own["moves_most"][:SHOWN]:
        yield f"    {swing['figure']}: {swing['low']:,.2f} to {swing['high']:,.2f} USD a month"
    if own["left_out"]:
        yield f"  Without a capacity, so on neither side: {', '.join(own['left_out'])}"
