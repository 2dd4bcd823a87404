"""The inner result: what the contract names, then how every number came about."""

from collections.abc import Sequence
from typing import Any

from fogbank.deployments.esmap.models.emission_calculator.calculation import Emission
from fogbank.deployments.esmap.models.emission_calculator.factors import GASES
from fogbank.deployments.esmap.models.emission_calculator.tables import GwpRow
from fogbank.deployments.esmap.models.emission_calculator.uncertainty import Spread

_DIGITS = 12
"""Significant digits of an answer: what is behind them is the rounding of floats."""


def answer_of(
    emissions: Sequence[Emission],
    gwp_name: str,
    gwp: GwpRow,
    ignored: Sequence[str],
    assumed: Sequence[str],
) -> dict[str, Any]:
    """All masses in kg; `predictions` and `confidence_intervals` in the order of the activities."""
    spread = Spread()
    for each in emissions:
        spread.merge(each.spread)
    co2e = sum(each.co2e for each in emissions)
    total = spread.interval(co2e)
    answer: dict[str, Any] = {
        "predictions": [each.co2e for each in emissions],
        "confidence_intervals": [each.spread.interval(each.co2e) for each in emissions],
        "metrics": _metrics(emissions, co2e, total),
        "emissions": _sums(emissions, co2e),
        "total": {"co2e": co2e, **total, "unit": "kg", "level": 0.95},
        "gwp": {
            "set": gwp_name,
            "horizon_years": 100,
            "ch4": gwp.ch4,
            "n2o": gwp.n2o,
            "source": gwp.source,
        },
        "activities": [_activity(each) for each in emissions],
        "factors": list({id: row for each in emissions for id, row in each.used.items()}.values()),
        "ignored": list(ignored),
        "warnings": [*assumed, *_warnings(emissions)],
    }
    return {key: _rounded(value) for key, value in answer.items()}


def _sums(emissions: Sequence[Emission], co2e: float) -> dict[str, Any]:
    def total(gas: str) -> float:
        return sum(each.gases.get(gas, 0.0) for each in emissions)

    biogenic = sum(each.biogenic_co2 for each in emissions)
    fossil = sum(each.gases.get("co2", 0.0) for each in emissions if not each.biogenic)
    return {
        "co2": fossil,
        "ch4": total("ch4"),
        "n2o": total("n2o"),
        "nox": total("nox"),
        "co2e": co2e,
        "biogenic_co2": biogenic,
        "unsplit_co2e": sum(each.unsplit for each in emissions),
        "unit": "kg",
    }


def _metrics(
    emissions: Sequence[Emission], co2e: float, total: dict[str, float]
) -> dict[str, float | int]:
    """`relative_uncertainty_*`: half-widths of the total's 95 % range over the total, in percent.

    `default_factor_share` is the part of the total from packaged factors, `without_range_share`
    that of figures whose publication gives no range (they count as exact).
    """
    own = sum(each.unsplit for each in emissions)
    bare = sum(each.without_range for each in emissions)

    def share(part: float) -> float:
        return part / co2e if co2e else 0.0

    return {
        "activities": len(emissions),
        "relative_uncertainty_lower_percent": 100 * share(co2e - total["lower"]),
        "relative_uncertainty_upper_percent": 100 * share(total["upper"] - co2e),
        "default_factor_share": share(co2e - own),
        "without_range_share": share(bare),
    }


def _activity(each: Emission) -> dict[str, Any]:
    return {
        "field": each.activity.where,
        "fuel": each.name,
        "amount": each.activity.amount,
        "unit": each.activity.unit.name,
        "energy": {"value": each.gigajoules, "unit": "GJ", "basis": each.basis},
        **{gas: each.gases[gas] for gas in GASES if gas in each.gases and gas != "co2"},
        "co2": 0.0 if each.biogenic else each.gases.get("co2", 0.0),
        "biogenic_co2": each.biogenic_co2,
        "co2e": each.co2e,
        "factors": list(each.used),
    }


def _warnings(emissions: Sequence[Emission]) -> list[str]:
    found = []
    without_nox = sorted({each.name for each in emissions if "nox" not in each.gases})
    if without_nox:
        found.append(f"nox leaves out {', '.join(without_nox)}: no factor for it is packaged")
    if any(each.without_range for each in emissions):
        found.append("some figures have no published range and count as exact in the intervals")
    if any(each.activity.fuel.lower() == "coal" for each in emissions):
        found.append("coal of no kind was taken as bituminous coal")
    if any(each.activity.unit.name == "short_ton" for each in emissions):
        found.append("a ton was taken as a short ton (907.185 kg); a metric ton is a tonne")
    if any(_basis_taken(each) for each in emissions):
        found.append("energy of fuels was taken as net (ncv); bills often state gross: basis hhv")
    return found


def _basis_taken(each: Emission) -> bool:
    activity = each.activity
    return each.basis == "ncv" and activity.basis is None and activity.unit.dimension == "energy"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{_DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
