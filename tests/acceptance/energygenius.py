"""Checks an answer of POST /energygenius/api/recommend by arithmetic of its own."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
STAGES = ("usageSummary", "planScoring", "narrative")
DIGITS = set("0123456789")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def dec(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def check(request: dict[str, Any], answer: dict[str, Any], seconds: float) -> None:
    """Shape, arithmetic, order, preferences, stages; no error and no fallback."""
    data = answer["data"]
    assert data["metadata"]["errors"] == []
    months = request["energyUsageData"]["monthlyData"]
    kwh = sum((dec(month["usage"]) for month in months), Decimal(0))
    current, wishes = request["currentPlan"], request["preferences"]
    now = cents(dec(current["rate"]) * kwh + 12 * dec(current["monthlyFee"]))

    summary = data["usageSummary"]
    assert dec(summary["totalAnnualUsage"]) == cents(kwh)
    assert dec(summary["averageMonthlyUsage"]) == cents(kwh / 12)
    assert dec(summary["annualCost"]) == sum((dec(month["cost"]) for month in months), Decimal(0))
    assert dec(summary["currentPlanAnnualCost"]) == now
    peak = max(months, key=lambda month: float(month["usage"]))
    assert summary["peakUsageMonth"] == peak["month"]
    assert len(summary["overview"]) > 15
    assert not DIGITS & set(summary["overview"])

    plans = data["recommendations"]
    assert 5 <= len(plans) <= 10
    assert len({plan["planId"] for plan in plans}) == len(plans)
    scores = [plan["score"] for plan in plans]
    assert scores == sorted(scores, reverse=True)
    for plan in plans:
        cost = cents(dec(plan["baseRate"]) * kwh + 12 * dec(plan["monthlyFee"]))
        assert dec(plan["estimatedAnnualCost"]) == cost
        leaving = cents(dec(current["earlyTerminationFee"]))
        assert dec(plan["estimatedSavings"]) == now - cost - leaving
        assert 0 <= plan["score"] <= 100
        assert plan["scoredBy"] == "model"
        assert plan["reasoning"]
        assert not DIGITS & set(plan["reasoning"])
        most = wishes["maxContractMonths"]
        assert most is None or plan["contractTermMonths"] <= most
        budget = wishes["maxMonthlyBudget"]
        assert budget is None or plan["withinBudget"] is (cost <= 12 * dec(budget))
        assert wishes["acceptVariableRates"] or plan["rateType"] == "fixed"
    for plan in plans[:3]:
        assert f"${plan['estimatedAnnualCost']:,.2f} a year" in plan["rationale"]
    assert all(plan["rationale"] is None for plan in plans[3:])

    for name in STAGES:
        stage = answer["performance"][name]
        assert stage["asked"] == stage["answered"] == (3 if name == "narrative" else 1)
        assert 0 < stage["inferenceMs"] <= stage["totalMs"] < seconds * 1000
