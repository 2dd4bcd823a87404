"""The report that decides where a workload runs, as data: JSON first, all other forms from it."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from fogbank.catalog.card import Card
from fogbank.cost.bill import Bill, DayUse, Line, make_bill, priced_again
from fogbank.cost.break_even import outlived
from fogbank.cost.comparison import Comparison, compare
from fogbank.cost.hardware import Hardware
from fogbank.cost.prices import PriceTable
from fogbank.cost.quality import Priced, Quality, priced, quality_json
from fogbank.tasks import Usage

FindCard = Callable[[str], Card | None]


@dataclass(frozen=True, slots=True)
class Instead:
    """All text tokens through one model: dollars before the free allocation."""

    model: str
    usd: float
    saved: float
    """Of the dearest of them, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Report:
    """`recorded` tells whether neurons are those of the day of each request, or of `prices`.

    `log` is the file whose rows were read, None for the server's own ledger.
    """

    since: datetime
    until: datetime
    prices: PriceTable
    recorded: bool
    bill: Bill
    instead: tuple[Instead, ...]
    comparison: Comparison | None
    hardware: Hardware | None
    log: str | None = None
    quality: Priced | None = None

    @property
    def days(self) -> float:
        """How long it took, in days."""
        return (self.until - self.since).total_seconds() / 86_400


def make_report(
    uses: Iterable[DayUse],
    since: datetime,
    until: datetime,
    prices: PriceTable,
    find: FindCard,
    *,
    again: bool = False,
    hardware: Hardware | None = None,
    log: str | None = None,
    quality: Quality | None = None,
) -> Report:
    """The report of what was used from `since` until `until`.

    `again` prices everything by `prices`, whatever was recorded. `find` gives a model's card, None
    for one that the catalogue no longer has.
    """

    def price(model: str, usage: Usage) -> float | None:
        card = find(model)
        return None if card is None else prices.neurons(card, usage)

    if again:
        uses = [priced_again(use, price) for use in uses]
    bill = make_bill(uses, prices)
    days = (until - since).total_seconds() / 86_400
    return Report(
        since=since,
        until=until,
        prices=prices,
        recorded=not again,
        bill=bill,
        instead=_instead(bill, prices, find, hardware),
        comparison=None if hardware is None else compare(bill, days, hardware),
        hardware=hardware,
        log=log,
        quality=None if quality is None else priced(quality, prices, find, again=again),
    )


def _instead(
    bill: Bill, prices: PriceTable, find: FindCard, hardware: Hardware | None
) -> tuple[Instead, ...]:
    """The dearest first: text models that were asked or that the hardware has a capacity for."""
    names = [line.model for line in bill.lines] + list(hardware.capacity if hardware else ())
    cards = {name: card for name in dict.fromkeys(names) if (card := find(name)) is not None}
    texts = {name: card for name, card in cards.items() if card.task == "Text Generation"}
    used = [line for line in bill.lines if line.model in texts]
    usage = Usage(
        prompt_tokens=sum(line.prompt_tokens for line in used),
        completion_tokens=sum(line.completion_tokens for line in used),
    )
    costs = {
        name: prices.usd(neurons)
        for name, card in texts.items()
        if (neurons := prices.neurons(card, usage)) is not None
    }
    dearest = max(costs.values(), default=0.0)
    ordered = sorted(costs.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Instead(name, usd, 1 - usd / dearest if dearest else 0.0) for name, usd in ordered)


def as_json(report: Report) -> dict[str, Any]:
    """The whole report. Dollars are USD, rates tokens a second, shares 0 to 1."""
    bill = report.bill
    return {
        "since": report.since.isoformat(),
        "until": report.until.isoformat(),
        "days": report.days,
        "log": report.log,
        "prices": report.prices.date.isoformat(),
        "price_sources": list(report.prices.sources),
        "neurons_as": "recorded" if report.recorded else "priced again",
        "usd_per_1000_neurons": bill.usd_per_1000_neurons,
        "free_neurons_per_day": bill.free_neurons_per_day,
        "requests": sum(line.requests for line in bill.lines),
        "tokens": sum(line.tokens for line in bill.lines),
        "neurons": bill.neurons,
        "neurons_billed": bill.billed,
        "usd": bill.usd,
        "unpriced": sorted({line.model for line in bill.lines if line.unpriced}),
        "lines": [_line(line, bill) for line in bill.lines],
        "by_day": [
            {"day": day.isoformat(), "neurons": neurons, "neurons_billed": billed}
            for day, neurons, billed in bill.days
        ],
        "instead": [asdict(each) for each in report.instead],
        "hardware": report.hardware and report.hardware.name,
        "own": report.comparison and _own(report.comparison),
        "compare": report.quality and quality_json(report.quality),
    }


def _line(line: Line, bill: Bill) -> dict[str, Any]:
    priced = line.unpriced < line.requests or not line.requests
    return {
        **asdict(line),
        "tokens": line.tokens,
        "neurons": line.neurons if priced else None,
        "billed": line.billed if priced else None,
        "usd": bill.usd_of(line.billed) if priced else None,
    }


def _own(told: Comparison) -> dict[str, Any]:
    return {
        "sample": told.hardware.sample,
        "description": told.hardware.description,
        "sources": list(told.hardware.sources),
        "figures": {name: each.model_dump() for name, each in told.hardware.costs.items()},
        "capacity": {
            name: each.tokens_per_second.model_dump() | {"source": each.source}
            for name, each in told.hardware.capacity.items()
        },
        "capacity_of_the_mix": told.capacity.model_dump(),
        "tokens_per_second": told.tokens_per_second,
        "tokens_per_month": told.tokens_per_month,
        "machines": told.machines,
        "utilisation": told.utilisation,
        "cloud_usd_per_month": told.cloud_usd,
        "own_usd_per_month": {**asdict(told.own), "total": told.own.total},
        "cloud_usd_per_million_tokens": told.cloud_usd_per_million,
        "own_usd_per_million_tokens": told.own_usd_per_million,
        "break_even": asdict(told.break_even),
        "curve": [asdict(point) for point in told.curve],
        "paid_for_after_months": told.paid_for_after,
        "outlived": outlived(told.hardware.years.value, told.paid_for_after),
        "moves_most": [{**asdict(each), "width": each.width} for each in told.swings],
        "odds": asdict(told.odds),
        "left_out": list(told.left_out),
    }
