"""The same traffic here and there: own cost, cost a million tokens, break-even, odds."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from fogbank.cost.bill import Bill, Line
from fogbank.cost.break_even import MILLION, BreakEven, CloudPrice, break_even, paid_for_after
from fogbank.cost.curve import Point, curve
from fogbank.cost.figure import Figure
from fogbank.cost.hardware import Hardware
from fogbank.cost.own import HOURS, OwnCost, machines_needed, own_month
from fogbank.cost.sensitivity import Odds, Question, Swing, odds, swings

DAYS = HOURS / 24
"""Of a month."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Dollars are of a month of this traffic. `utilisation` is of all `machines` together.

    `cloud_usd` has the free allocation as it was used, day by day; the break-even and the odds
    take all days for alike.

    `left_out` are models whose tokens the hardware has no capacity for: the cloud's side lacks
    them too, so that like is compared with like. `capacity` is one machine's for this mix, tokens a
    second.
    """

    hardware: Hardware
    capacity: Figure
    tokens_per_second: float
    tokens_per_month: float
    machines: int
    utilisation: float
    cloud_usd: float
    own: OwnCost
    cloud_usd_per_million: float
    own_usd_per_million: float
    break_even: BreakEven
    curve: tuple[Point, ...]
    paid_for_after: float | None
    swings: tuple[Swing, ...]
    odds: Odds
    left_out: tuple[str, ...]


def compare(bill: Bill, days: float, hardware: Hardware) -> Comparison | None:
    """None where nothing was served that this hardware has a capacity for.

    `days` is how long the bill's traffic took. Several models share the machine by time: their
    common capacity is the one at which their mix of tokens takes all of it.
    """
    lines = [line for line in bill.lines if line.tokens and line.model in hardware.capacity]
    left_out = {line.model for line in bill.lines if line.tokens} - set(hardware.capacity)
    tokens = sum(line.tokens for line in lines)
    if not tokens:
        return None
    rate = tokens / (days * 24 * 3600)
    per_month = tokens / days * DAYS
    figures = _figures(hardware, lines, tokens)
    machine = replace(hardware.machine(lines[0].model), **_best(figures))
    cloud = _cloud(bill, lines, tokens)
    even = break_even(machine, cloud)
    asked = Question(machine, figures, cloud, rate)
    own = own_month(machine, rate)
    bought = machines_needed(machine, rate)
    cloud_month = bill.usd_of(sum(line.billed for line in lines)) / days * DAYS
    return Comparison(
        hardware=hardware,
        capacity=figures["tokens_per_second"],
        tokens_per_second=rate,
        tokens_per_month=per_month,
        machines=bought,
        utilisation=rate / machine.tokens_per_second / bought,
        cloud_usd=cloud_month,
        own=own,
        cloud_usd_per_million=cloud_month / per_month * MILLION,
        own_usd_per_million=own.total / per_month * MILLION,
        break_even=even,
        curve=curve(machine, cloud, rate, even),
        paid_for_after=paid_for_after(machine, rate, cloud_month),
        swings=tuple(swings(asked)),
        odds=odds(asked),
        left_out=tuple(sorted(left_out)),
    )


def _figures(hardware: Hardware, lines: Iterable[Line], tokens: int) -> dict[str, Figure]:
    """Those of the machine, its capacity that of the mix: tokens by the time they take."""
    seconds = {"low": 0.0, "value": 0.0, "high": 0.0}
    for line in lines:
        figure = hardware.capacity[line.model].tokens_per_second
        for end in seconds:
            seconds[end] += line.tokens / getattr(figure, end)
    mix = Figure(**{end: tokens / taken for end, taken in seconds.items()})
    return {**hardware.figures(next(iter(hardware.capacity))), "tokens_per_second": mix}


def _best(figures: dict[str, Figure]) -> dict[str, float]:
    return {name: figure.value for name, figure in figures.items()}


def _cloud(bill: Bill, lines: Iterable[Line], tokens: int) -> CloudPrice:
    """Of this mix, on days that are all alike; free is these lines' share of the allocation."""
    neurons = sum(line.neurons for line in lines)
    share = neurons / bill.neurons if bill.neurons else 0.0
    free = bill.free_neurons_per_day * DAYS * share
    return CloudPrice(bill.usd_of(neurons) / tokens * MILLION, bill.usd_of(free))
