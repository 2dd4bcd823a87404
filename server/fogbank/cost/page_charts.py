"""The charts of a report's page, and the table of each: the same numbers."""

from dataclasses import dataclass
from datetime import date, timedelta

from fogbank.charts.charts import Bar, Chart, Series, bar_chart, stack_chart
from fogbank.charts.marks import Mark
from fogbank.charts.plane import Curve, curve_chart
from fogbank.charts.ranges import Range, range_chart
from fogbank.charts.text import number
from fogbank.cost.page_words import Told, figure, percent, usd

SLOTS = 100
"""Bars that have room beside each other."""
PARTS = ("capital", "power", "hosting", "people")
MOVED = 10
"""Figures that are drawn; the table has all."""

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A chart, and its table: headings, and rows whose first cell names them."""

    chart: Chart
    columns: Row
    rows: tuple[Row, ...]


def by_day(told: Told) -> Shown:
    """Neurons of each day, of each month where there are many days, or of each year."""
    periods = _periods(told)
    labels = list(periods)
    free = [periods[label][0] - periods[label][1] for label in labels]
    billed = [periods[label][1] for label in labels]
    length = {10: "day", 7: "month", 4: "year"}[len(labels[0])] if labels else "day"
    chart = stack_chart(
        f"Neurons by {length}",
        f"Bars of {len(labels)} UTC {length}s: free neurons below, billed ones above.",
        [label[5:] if length == "day" else label for label in labels],
        [Series("free", free), Series("billed", billed)],
        unit="neurons",
    )
    rows = tuple(
        (label, number(all_), number(part), usd(part * told["usd_per_1000_neurons"] / 1000))
        for label, (all_, part) in periods.items()
    )
    return Shown(chart, (length.capitalize(), "Neurons", "Billed", "USD"), rows)


def curves(told: Told) -> Shown:
    """Both costs over the sustained rate, with the present one and the break-even."""
    own = told["own"]
    points = own["curve"]
    rate, even = own["tokens_per_second"], own["break_even"]
    marks = [Mark(f"now, {number(rate, 3)}", rate)]
    reached = even["tokens_per_second"] is not None and even["utilisation"] <= 1
    if reached:
        at = even["tokens_per_second"]
        marks.append(Mark(f"break-even, {number(at, 3)}", at, 2))
    chart = curve_chart(
        "USD a month by sustained traffic",
        "What the same mix of models costs in the cloud and on own hardware, by tokens a second.",
        [
            Curve("Workers AI", [(p["tokens_per_second"], p["cloud_usd"]) for p in points]),
            Curve(told["hardware"], [(p["tokens_per_second"], p["own_usd"]) for p in points]),
        ],
        marks=marks,
        x_unit="tokens/s",
        y_unit="USD a month",
    )
    rows = []
    for point in points:
        at = point["tokens_per_second"]
        named = " (now)" if at == rate else ""
        named += " (break-even)" if at == even["tokens_per_second"] else ""
        share = percent(at / own["capacity_of_the_mix"]["value"])
        costs = usd(point["cloud_usd"]), usd(point["own_usd"])
        rows.append((f"{number(at, 3)}{named}", share, *costs))
    columns = ("Tokens/s", "Of one machine", "Workers AI, USD", f"{told['hardware']}, USD")
    return Shown(chart, columns, tuple(rows))


def parts(told: Told) -> Shown:
    """Own cost of a month in its parts, with the cloud's beside them."""
    own = told["own"]
    month, there = own["own_usd_per_month"], own["cloud_usd_per_month"]
    bars = [Bar(name.capitalize(), month[name]) for name in PARTS]
    bars += [Bar("All of it", month["total"]), Bar("Workers AI", there)]
    chart = bar_chart(
        f"A month on {told['hardware']}",
        "Bars: capital, power, hosting, people, their sum, and Workers AI beside it.",
        bars,
        unit="USD",
        marked=len(bars) - 1,
    )
    total = month["total"]
    rows = [(bar.name, usd(bar.value), percent(bar.value / total)) for bar in bars[:-1] if total]
    return Shown(chart, ("Part", "USD a month", "Share"), (*rows, ("Workers AI", usd(there), "")))


def moves(told: Told) -> Shown:
    """How far each figure moves own cost, then all at once: a tornado."""
    own = told["own"]
    swings, odds = own["moves_most"], own["odds"]
    low, _, high = odds["own"]
    ranges = [
        Range(figure(swing["figure"]), swing["low"], swing["high"]) for swing in swings[:MOVED]
    ]
    ranges.append(Range("All at once, 9 of 10 draws", low, high, 2))
    here, there = own["own_usd_per_month"]["total"], own["cloud_usd_per_month"]
    chart = range_chart(
        "What moves own cost most, USD a month",
        "Ranges: each figure at its two ends while all others stay, the widest first; the last"
        " row draws all figures at once.",
        ranges,
        marks=[Mark("best guess", here), Mark("Workers AI", there, 1)],
    )
    rows = [
        (figure(each["figure"]), usd(each["low"]), usd(each["high"]), usd(each["width"]))
        for each in swings
    ]
    rows.append(("All at once, 5 and 95 %", usd(low), usd(high), usd(high - low)))
    return Shown(chart, ("Figure", "At its low end", "At its high end", "Width"), tuple(rows))


def _periods(told: Told) -> dict[str, list[float]]:
    """Neurons and billed ones by the longest label of a date that leaves at most `SLOTS`."""
    days = {date.fromisoformat(each["day"]): each for each in told["by_day"]}
    if not days:
        return {}
    first, last = date.fromisoformat(told["since"][:10]), max(days)
    if (last - first).days >= SLOTS:
        first = min(days)
    first = min(first, min(days))
    every = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    for width in (10, 7, 4):
        found = {day.isoformat()[:width]: [0.0, 0.0] for day in every}
        if len(found) <= SLOTS:
            break
    for day, each in days.items():
        found[day.isoformat()[:width]][0] += each["neurons"]
        found[day.isoformat()[:width]][1] += each["neurons_billed"]
    return found
