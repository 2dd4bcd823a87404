"""Where the answer flips: the traffic at which own hardware costs what the cloud does.

Both costs are lines in the tokens of a second, T:

    cloud(T) = p * T * month - free            from the free allocation on, else 0
    own(T)   = fixed + idle power + (loaded - idle power) * T / capacity

with p in dollars a token of the given mix. They meet once or never.
"""

from dataclasses import dataclass

from fogbank.cost.own import MONTHS, SECONDS, Machine, machines_needed, own_cost, own_month

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class CloudPrice:
    """Of a mix of one model: dollars a million tokens, and those of a month that are free."""

    usd_per_million: float
    free_usd_per_month: float

    def month(self, tokens_per_second: float) -> float:
        """Dollars of a month at this rate, every day alike."""
        bill = self.usd_per_million * tokens_per_second * SECONDS / MILLION
        return max(0.0, bill - self.free_usd_per_month)


@dataclass(frozen=True, slots=True)
class BreakEven:
    """`tokens_per_second` sustained, and as a share of the measured capacity.

    A share above 1 is more than this machine can do. None: more traffic never makes it cheaper.
    """

    tokens_per_second: float | None
    utilisation: float | None


def break_even(machine: Machine, cloud: CloudPrice) -> BreakEven:
    """The traffic from which on the machine is cheaper."""
    idle, busy = own_cost(machine, 0).total, own_cost(machine, 1).total
    most = machine.tokens_per_second
    slope = cloud.usd_per_million * SECONDS / MILLION - (busy - idle) / most
    if slope <= 0:
        return BreakEven(None, None)
    rate = (idle + cloud.free_usd_per_month) / slope
    return BreakEven(rate, rate / most)


def paid_for_after(
    machine: Machine, tokens_per_second: float, cloud_per_month: float
) -> float | None:
    """Months after which bought machines have saved their price; None: never, or rented.

    Later than their years is told as it is: they are gone by then.
    """
    if machine.purchase is None:
        return None
    price = machine.purchase * machines_needed(machine, tokens_per_second)
    saved = cloud_per_month - own_month(machine, tokens_per_second).running
    return price / saved if saved > 0 else None


def outlived(years: float, months: float | None) -> bool:
    """Whether a bought machine would be gone before it has paid for itself."""
    return months is not None and months > years * MONTHS
