"""The columns of Power to Choose's export (powertochoose.org, Texas), made records of plans.

The export has all offers of all service areas, each with its average price in $/kWh at 500, 1000
and 2000 kWh a month, delivery and fees included. From the last two come a rate and a fixed monthly
fee: what a further kWh costs, and what is paid without any. Where the three do not lie on one line
(credits at certain amounts), the price at 1000 kWh is taken for all, and the plan says so.
"""

import re
from decimal import Decimal, InvalidOperation
from statistics import median
from typing import Any

from fogbank.deployments.energygenius.catalogue_rows import Raw, Wrong
from fogbank.deployments.energygenius.fields import shown

NEEDED = frozenset({"idkey", "repcompany", "product", "kwh1000", "termvalue"})
AMOUNTS = (500, 1000, 2000)
OFF = Decimal("0.05")
"""Of the price at 500 kWh: a line that misses it by more is no tariff of rate and fee."""

RATE = Decimal("0.00001")
MOST_DIGITS = 10
"""Before or behind the point: more is no price, and what is made of it need not be a number."""

UNEVEN = "Its price per kWh depends on the amount; the one at 1000 kWh a month is taken."
PREPAID = "Prepaid."
RATE_TYPES = {"fixed": "fixed", "variable": "variable", "indexed": "indexed"}


def is_export(header: list[str]) -> bool:
    """Whether these are the export's columns, with or without brackets."""
    return {_plain(name) for name in header} >= NEEDED


def translated(raw: Raw) -> Raw:
    """The same rows as records of plans. Those in other languages repeat the English ones."""
    rows = [
        (line, {_plain(name): value for name, value in cells.items()})
        for line, cells in raw.records
    ]
    # $/kWh now; a file of another year, or of somebody's spreadsheet, may be in cents.
    prices = [price for _, row in rows if (price := _number(row.get("kwh1000"))) is not None]
    scale = Decimal(100) if prices and median(prices) >= 1 else Decimal(1)
    raw.records = []
    for line, row in rows:
        if row.get("language", "").lower() not in ("", "english"):
            raw.skipped += 1
            continue
        record = _record(line, row, scale, raw.wrong)
        if record is not None:
            raw.records.append((line, record))
    raw.source = raw.source or "Power to Choose export"
    return raw


def _record(
    line: int, row: dict[str, str], scale: Decimal, wrong: list[Wrong]
) -> dict[str, Any] | None:
    prices = [_number(row.get(f"kwh{amount}")) for amount in AMOUNTS]
    if prices[1] is None or prices[1] <= 0:
        told = f"expected an average price per kWh, not {shown(row.get('kwh1000'))}"
        wrong.append(Wrong(line, "[kwh1000]", told))
        return None
    term = _number(row.get("termvalue"))
    if term is None or term != int(term):
        told = f"expected whole months, not {shown(row.get('termvalue'))}"
        wrong.append(Wrong(line, "[TermValue]", told))
        return None
    rate, fee, even = _tariff([None if price is None else price / scale for price in prices])
    notes = [UNEVEN] * (not even) + [PREPAID] * _true(row.get("prepaid"))
    return {
        "planId": row["idkey"],
        "supplier": row["repcompany"],
        "planName": row["product"],
        "baseRate": rate,
        "monthlyFee": fee,
        "contractTermMonths": int(term),
        "earlyTerminationFee": _exit_fee(row.get("cancelfee", ""), int(term)),
        "renewablePercent": _number(row.get("renewable")) or 0,
        "rateType": _rate_type(row),
        "serviceArea": row.get("tducompanyname") or None,
        "note": " ".join(notes) or None,
    }


def _tariff(prices: list[Decimal | None]) -> tuple[Decimal, Decimal, bool]:
    """Rate in $/kWh, fee in $ a month, and whether all three prices are of that rate and fee."""
    at_500, at_1000, at_2000 = prices
    assert at_1000 is not None
    if at_2000 is None:
        return at_1000, Decimal(0), at_500 is None
    rate = (2000 * at_2000 - 1000 * at_1000) / 1000
    fee = 1000 * (at_1000 - rate)
    fits = at_500 is None or abs(rate + fee / 500 - at_500) <= OFF * at_500
    # Prices have three decimals, so that a fee of a few dollars may come out a little below 0.
    if rate <= 0 or fee < -2 or not fits:
        return at_1000, Decimal(0), False
    return rate.quantize(RATE), max(fee, Decimal(0)).quantize(Decimal("0.01")), True


def _exit_fee(text: str, term: int) -> Decimal:
    """$; a fee for each month that is left counts for all months, the most that it can be."""
    found = re.search(r"\d[\d,]*(\.\d+)?", text)
    if found is None:
        return Decimal(0)
    fee = Decimal(found[0].replace(",", ""))
    monthly = re.search(r"month|/\s*mo\b", text, re.IGNORECASE)
    return fee * term if monthly else fee


def _rate_type(row: dict[str, str]) -> str:
    if _true(row.get("timeofuse")):
        return "time-of-use"
    told = row.get("ratetype", "").lower()
    if told:
        return RATE_TYPES.get(told, told)
    return "fixed" if row.get("fixed") in (None, "") or _true(row.get("fixed")) else "variable"


def _true(value: str | None) -> bool:
    return (value or "").strip().lower() in ("true", "1", "yes")


def _number(text: str | None) -> Decimal | None:
    try:
        value = Decimal((text or "").strip().lstrip("$").rstrip("%¢"))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value.adjusted()) < MOST_DIGITS else None


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())
