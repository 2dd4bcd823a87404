"""What is true of a household and of an offer, in words without figures.

Prompts are made of these words alone: nothing that a client or a catalogue wrote gets into one, and
a small model that reads no figures writes none.
"""

from decimal import Decimal

from fogbank.deployments.energygenius.household import Household, Preferences
from fogbank.deployments.energygenius.plan import Offer
from fogbank.deployments.energygenius.usage import MONTHS, Usage

HIGH_USE, LOW_USE = 1500, 600
"""kWh a month. A home of the USA uses about 900 (EIA, Electric Sales, Revenue, and Price)."""

MUCH, SAME = Decimal("0.15"), Decimal("0.02")
"""Of the current cost: a difference that is large, and one that is none."""

PATTERNS = {
    "consistent": "about the same every month",
    "seasonal": "seasonal, with clear peaks",
    "high-variance": "changing from month to month",
}


def use(usage: Usage) -> str:
    """How much, how, and when most."""
    average = usage.average_kwh
    level = "high" if average > HIGH_USE else "low" if average < LOW_USE else "moderate"
    peak = usage.peak.number
    most = f", highest in {MONTHS[peak - 1]}" if peak and usage.annual_kwh else ""
    return f"{level} use, {PATTERNS[usage.pattern]}{most}"


def wishes(preferences: Preferences) -> str:
    """What the customer wants, the most important first."""
    wanted = ["a low cost"] * preferences.prioritize_savings
    wanted += ["renewable electricity"] * preferences.prefer_renewable
    if preferences.max_monthly_budget is not None:
        wanted.append("to stay within a budget")
    return " and ".join(wanted) if len(wanted) < 3 else f"{wanted[0]}, {wanted[1]} and {wanted[2]}"


def price(cost: Decimal, now: Decimal) -> str:
    """A plan's annual cost beside that of the current plan."""
    difference = now - cost
    if abs(difference) <= SAME * now:
        return "costs about as much as now"
    much = "much " if abs(difference) > MUCH * now else ""
    return f"costs {much}less than now" if difference > 0 else f"costs {much}more than now"


def contract(months: int) -> str:
    """How long it binds."""
    if months <= 1:
        return "no long contract"
    length = "a short" if months <= 6 else "a long" if months > 12 else "a one year"
    return f"{length} contract"


def renewable(percent: float) -> str:
    """How much of the electricity is renewable."""
    if percent >= 100:
        return "fully renewable"
    if percent > 50:
        return "mostly renewable"
    return "partly renewable" if percent > 0 else "not renewable"


def facts(offer: Offer, household: Household) -> list[str]:
    """What speaks for an offer, the most telling first; the price, whatever it is, is first."""
    plan = offer.plan
    told = [price(offer.annual_cost, household.current_cost)]
    if plan.renewable_percent > 50:
        told.append(renewable(plan.renewable_percent))
    if not plan.early_termination_fee:
        told.append("no fee for leaving early")
    if not plan.monthly_fee:
        told.append("no monthly fee")
    if plan.contract_term_months <= 6:
        told.append(contract(plan.contract_term_months))
    if plan.rate_type == "fixed":
        told.append("a fixed rate")
    return told


def reasons(offer: Offer, household: Household) -> list[str]:
    """Whole reasons, all of them true, each with the price; what is above the budget says so."""
    first, *others = facts(offer, household)
    if offer.within_budget is False:
        first = f"above the budget, {first}"
    return [f"{first}, {other}".capitalize() for other in others] or [first.capitalize()]
