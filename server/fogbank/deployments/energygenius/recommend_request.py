"""The body of POST /api/recommend, read into a household."""

from decimal import Decimal
from typing import Any

from fogbank.deployments.energygenius.fields import Fields, shown
from fogbank.deployments.energygenius.household import CurrentPlan, Household, Preferences
from fogbank.deployments.energygenius.invalid import Invalid
from fogbank.deployments.energygenius.usage import Month, month_number, usage_of

PARTS = ("energyUsageData", "currentPlan", "preferences")
MONTHS = 12
MOST = 10_000_000
"""kWh or dollars of a month; 100 times what a large factory takes."""

MOST_TOLD = 5
"""Mistakes that one message names."""


def household_of(body: Any) -> Household:
    """Raises Invalid: MISSING_FIELDS or INVALID_USAGE_DATA."""
    given = body if isinstance(body, dict) else {}
    missing = [name for name in PARTS if not isinstance(given.get(name), dict)]
    if missing:
        raise Invalid("MISSING_FIELDS", f"Required: an object in each of {', '.join(missing)}")
    months = _months(given["energyUsageData"])
    current = Fields(given["currentPlan"], "currentPlan")
    wishes = Fields(given["preferences"], "preferences")
    household = Household(usage_of(months), _current(current), _preferences(wishes))
    mistakes = current.mistakes + wishes.mistakes
    if mistakes:
        raise Invalid("MISSING_FIELDS", _told(mistakes))
    return household


def _months(data: dict[str, Any]) -> list[Month]:
    given = data.get("monthlyData")
    if not isinstance(given, list):
        raise Invalid(
            "INVALID_USAGE_DATA",
            f"energyUsageData.monthlyData is {shown(given)}; expected a list of {MONTHS} months,"
            " each {month, usage in kWh, cost in $}",
        )
    if len(given) != MONTHS:
        raise Invalid(
            "INVALID_USAGE_DATA",
            f"energyUsageData.monthlyData has {len(given)} months; expected {MONTHS}",
        )
    mistakes: list[str] = []
    months: list[Month] = []
    seen: dict[int | str, int] = {}
    for at, item in enumerate(given):
        month = _month(item, f"monthlyData[{at}]", mistakes)
        if month is None:
            continue
        name = month.number or month.label.lower()
        if (first := seen.setdefault(name, at)) != at:
            mistakes.append(
                f"monthlyData[{at}].month is {shown(month.label)}, as monthlyData[{first}] is"
            )
        months.append(month)
    if mistakes:
        raise Invalid("INVALID_USAGE_DATA", _told(mistakes))
    return months


def _month(item: Any, path: str, mistakes: list[str]) -> Month | None:
    if not isinstance(item, dict):
        mistakes.append(f"{path} is {shown(item)}; expected an object of month, usage and cost")
        return None
    fields = Fields(item, path, mistakes)
    usage = fields.number("usage", "kWh", MOST, required=True)
    cost = fields.number("cost", "$", MOST, required=True)
    label = item.get("month")
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    if not isinstance(label, str) or not 1 <= len(label.strip()) <= 40:
        mistakes.append(f"{path}.month is {shown(label)}; expected a month such as 'January'")
        return None
    if usage is None or cost is None:
        return None
    return Month(label.strip(), month_number(label), usage, cost)


def _current(fields: Fields) -> CurrentPlan:
    return CurrentPlan(
        supplier=fields.text("supplier"),
        plan_name=fields.text("planName"),
        rate_structure=fields.text("rateStructure"),
        rate=fields.number("rate", "$/kWh", 100),
        monthly_fee=fields.number("monthlyFee", "$", 100_000),
        early_termination_fee=fields.number("earlyTerminationFee", "$", 1_000_000) or Decimal(0),
    )


def _preferences(fields: Fields) -> Preferences:
    budget = fields.number("maxMonthlyBudget", "$", MOST)
    longest = fields.number("maxContractMonths", "months", 1200)
    return Preferences(
        prioritize_savings=fields.truth("prioritizeSavings"),
        prefer_renewable=fields.truth("preferRenewable"),
        accept_variable_rates=fields.truth("acceptVariableRates"),
        max_monthly_budget=budget or None,
        max_contract_months=int(longest) if longest else None,
    )


def _told(mistakes: list[str]) -> str:
    more = len(mistakes) - MOST_TOLD
    return "; ".join(mistakes[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
