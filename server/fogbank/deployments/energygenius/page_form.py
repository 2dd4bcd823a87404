"""The form of a recommendation: twelve months, the current plan, preferences."""

from collections.abc import Mapping
from typing import Any

from fogbank.deployments.energygenius.usage import MONTHS
from fogbank.deployments.pages.fields import Field, Group, Table, text_of

PLAN: dict[str, tuple[str, str, str]] = {
    "supplier": ("text", "Supplier", ""),
    "planName": ("text", "Plan", ""),
    "rateStructure": ("text", "Kind of rate", "For example: fixed, variable, time-of-use."),
    "rate": ("number", "Rate in $/kWh", "Without it, what you paid in twelve months counts."),
    "monthlyFee": ("number", "Monthly fee in $", ""),
    "earlyTerminationFee": ("number", "Early-termination fee in $", "Counted against savings."),
}
WISHES: dict[str, tuple[str, str, str]] = {
    "prioritizeSavings": ("check", "Savings matter most", ""),
    "preferRenewable": ("check", "I prefer renewable energy", ""),
    "acceptVariableRates": ("check", "The rate may change during the contract", ""),
    "maxMonthlyBudget": ("number", "Most a month may cost in $", "Empty: no limit."),
    "maxContractMonths": ("number", "Longest contract in months", "Empty: no limit."),
}


def recommendation_form(given: Mapping[str, Any]) -> Group:
    """The form, filled with a request as clients send it; what is missing is left empty."""
    months = (given.get("energyUsageData") or {}).get("monthlyData") or [
        {"month": month} for month in MONTHS
    ]
    table = Table(
        "energyUsageData.monthlyData",
        {"month": "text", "usage": "number", "cost": "number"},
        help="Your last twelve bills, in any order. Use in kWh, cost in dollars.",
        spare=0,
        heads={"usage": "Use in kWh", "cost": "Cost in $"},
    )
    for index, month in enumerate(months):
        table.row(index, {key: text_of(value) for key, value in month.items()})
    return Group(
        "",
        [
            Group("energyUsageData", [table]),
            _group("currentPlan", PLAN, given.get("currentPlan") or {}),
            _group("preferences", WISHES, given.get("preferences") or {}),
        ],
    )


def _group(
    name: str, described: Mapping[str, tuple[Any, str, str]], given: Mapping[str, Any]
) -> Group:
    return Group(
        name,
        [
            Field(f"{name}.{key}", kind, text_of(given.get(key)), help, label=label)
            for key, (kind, label, help) in described.items()
        ],
    )
