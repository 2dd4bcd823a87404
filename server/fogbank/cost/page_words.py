"""What the page of a report says in words: the answer, amounts, names, commands."""

import math
import shlex
from datetime import UTC, datetime
from typing import Any

from fogbank.charts.text import money, number, words
from fogbank.cost.period import instant

Told = dict[str, Any]
"""A report as JSON (`report.as_json`)."""

SPACE = "\u00a0"
"""Keeps a number and its unit on one line."""
KEYLESS = "without a key"
FIGURES = {
    "rent_per_hour": ("Rent", "USD an hour"),
    "purchase": ("Purchase", "USD"),
    "years": ("Years in use", "years"),
    "residual": ("Residual value", "of the purchase"),
    "idle_watts": ("Power, idle", "W"),
    "loaded_watts": ("Power, loaded", "W"),
    "pue": ("PUE", "site by machine"),
    "price_per_kwh": ("Price of power", "USD a kWh"),
    "hosting_per_month": ("Hosting", "USD a month"),
    "care_hours_per_month": ("Care", "hours a month"),
    "care_price_per_hour": ("Price of care", "USD an hour"),
    "tokens_per_second": ("Capacity", "tokens/s"),
}
"""Names and units of a machine's figures."""


def headline(told: Told) -> str:
    """The answer, with its probability where own hardware stands beside the bill."""
    if not told["lines"]:
        return "Nothing was served in this time."
    own = told["own"]
    if own is None:
        return f"Workers AI charges {usd(told['usd'])} for this traffic."
    here, there = own["own_usd_per_month"]["total"], own["cloud_usd_per_month"]
    odds, name = own["odds"], told["hardware"]
    amounts = f"{usd(there)} a month there, {usd(here)} on {name}"
    likely = odds["probability"] >= 0.5
    if likely != (here < there):
        draws = _draws(odds["probability"], odds["samples"])
        return f"It is open: {name} is cheaper in {draws}; at the best guesses {amounts}."
    if likely:
        draws = _draws(odds["probability"], odds["samples"])
        amounts = f"{usd(here)} a month, {usd(there)} on Workers AI"
        return f"{name} is cheaper in {draws}: {amounts}."
    draws = _draws(1 - odds["probability"], odds["samples"])
    return f"Workers AI is cheaper in {draws}: {amounts}."


def flips(told: Told) -> str:
    """Where the answer turns round."""
    own = told["own"]
    even, rate = own["break_even"], own["tokens_per_second"]
    now = f"Now there are {number(rate, 3)} tokens/s, {percent(own['utilisation'])} of what"
    now += " it can do." if own["machines"] == 1 else f" {own['machines']:,} machines can do."
    if even["tokens_per_second"] is None:
        return f"More traffic does not turn this round: power alone costs more a token here. {now}"
    at = f"{number(even['tokens_per_second'], 3)} tokens/s, sustained"
    if even["utilisation"] > 1:
        return (
            f"It would turn round at {at}, {percent(even['utilisation'])} of what one such"
            f" machine can do: it never does. {now}"
        )
    return f"It turns round at {at}, {percent(even['utilisation'])} of its capacity. {now}"


def payback(told: Told) -> str:
    """When bought hardware has saved its price; empty for a rented one."""
    own = told["own"]
    if "purchase" not in own["figures"]:
        return ""
    months = own["paid_for_after_months"]
    if months is None:
        return "Bought, it never pays for itself: it saves nothing."
    late = ", after its years of use" if own["outlived"] else ""
    return f"Bought, it has paid for itself in month {number(math.ceil(months))}{late}."


def usd(value: Any) -> str:
    """Dollars and cents; more digits for what is less than a dollar: $1,234.50, $0.00314."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    if abs(value) >= 1e15 or 0 < abs(value) < 0.995:
        return f"{'−' if value < 0 else ''}${number(abs(value), 3)}"
    return money(value)


def percent(share: Any) -> str:
    """Of 0 to 1, two digits at least, never rounded to all or nothing: 0.13 %, 83 %."""
    if not isinstance(share, int | float) or not math.isfinite(share):
        return "–"
    if 0.995 <= share < 1:
        return f"{math.floor(share * 1000) / 10:g}{SPACE}%"
    return f"{number(share * 100, 2)}{SPACE}%"


def short(value: float) -> str:
    """Three digits and a word for large ones: 48.1 billion."""
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if size <= value < 1000 * size:
            return f"{number(value / size, 3)}{SPACE}{name}"
    return number(value)


def figure(name: str) -> str:
    """A figure's name for people."""
    return FIGURES[name][0] if name in FIGURES else words(name)


def figures(own: Told) -> dict[str, Told]:
    """Those that cost something here: what is rented has no years, what needs no watts no PUE."""
    given = own["figures"]
    idle = set()
    if "purchase" not in given:
        idle |= {"years", "residual"}
    if not given["loaded_watts"]["high"]:
        idle |= {"pue", "price_per_kwh"}
    return {name: each for name, each in given.items() if name not in idle and each["high"]}


def unit(name: str) -> str:
    """A figure's unit, empty for one without."""
    return FIGURES[name][1] if name in FIGURES else ""


def spanned(each: Told) -> str:
    """A figure with its range: 3 (2 to 4.5)."""
    if each["low"] == each["high"]:
        return number(each["value"])
    return f"{number(each['value'])} ({number(each['low'])} to {number(each['high'])})"


def command(told: Told, line: Told) -> str:
    """What prints the rows behind a line of the bill, or where they are in a log."""
    if told["log"] is not None:
        key = f"key {line['key']}" if line["key"] else "no key"
        return f"{told['log']}: the rows with model {line['model']} and {key}"
    since, until = (instant(datetime.fromisoformat(told[name])) for name in ("since", "until"))
    parts = ["fogbank", "cost", "rows", "--model", line["model"], "--key", line["key"] or ""]
    return shlex.join([*parts, "--since", since, "--until", until])


def period(told: Told) -> str:
    """From when until when, in UTC."""
    since, until = (
        datetime.fromisoformat(told[name]).astimezone(UTC).strftime("%Y-%m-%d %H:%M")
        for name in ("since", "until")
    )
    return f"{since} to {until} UTC"


def _draws(share: float, samples: int) -> str:
    if share == 1:
        return f"all of {samples:,} draws"
    return f"{percent(share)} of {samples:,} draws"
