"""Amounts of money, exact until they are rounded once, to cents.

The rule: a number of JSON is the decimal that it is written as (0.1 is a tenth); products and sums
are exact; each amount that is shown is rounded once, halves away from zero; differences are taken
between rounded amounts, so that what is shown adds up to the cent.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext

CENT = Decimal("0.01")
DIGITS = 800
"""More than a product of two floats can have, the smallest ones included."""


def exactly() -> AbstractContextManager[Context]:
    """In it sums and products have all of their digits."""
    return localcontext(prec=DIGITS)


def exact(number: int | float) -> Decimal:
    """The decimal that a number was written as, or as short as can be for the same float."""
    return Decimal(repr(number))


def total(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    with exactly():
        return sum(amounts, Decimal(0))


def annual_cost(rate: Decimal, kwh: Decimal, monthly_fee: Decimal) -> Decimal:
    """Dollars a year, not rounded: rate ($/kWh) x kWh + 12 x monthly fee ($)."""
    with exactly():
        return rate * kwh + 12 * monthly_fee


def rounded(amount: Decimal) -> Decimal:
    """To cents (or hundredths of a kWh), halves away from zero."""
    with exactly():
        return amount.quantize(CENT, ROUND_HALF_UP)


def share(amount: Decimal, parts: int) -> Decimal:
    """A part of an amount, rounded."""
    with exactly():
        return rounded(amount / parts)


def dollars(amount: Decimal) -> str:
    """As people read it: $1,234.50."""
    return f"${rounded(amount):,.2f}"
