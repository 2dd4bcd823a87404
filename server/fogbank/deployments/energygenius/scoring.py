"""The weighted score of a plan, and which plans are put before the model.

Weights of the contract (deployments.md, C): cost 44 %, flexibility 22 %, renewable 11 %, fees 11 %.
It does not say where the other 12 % go; here they go to what the customer asked for.
"""

from collections.abc import Sequence
from dataclasses import replace

from fogbank.deployments.energygenius.household import Household, Preferences
from fogbank.deployments.energygenius.options import LEAST_PLANS
from fogbank.deployments.energygenius.plan import Offer, Plan, offer_of

WEIGHTS = {"cost": 0.44, "flexibility": 0.22, "renewable": 0.11, "fees": 0.11}
WISHES = 0.12
LONGEST_TERM = 36
"""Months of contract that leave no flexibility."""

HEAVY_FEES = 0.25
"""Of the annual cost: fixed fees and exit fee that score nothing."""


def candidates(plans: Sequence[Plan], household: Household, most: int) -> list[Offer]:
    """At most so many plans that suit the customer, the best computed score first.

    Plans of a longer contract or an unwanted kind of rate are left out. Plans above the budget are
    there only where fewer than five are within it, the cheapest of them.
    """
    wishes = household.preferences
    offers = [offer_of(plan, household) for plan in plans if _suits(plan, wishes)]
    within = [offer for offer in offers if offer.within_budget is not False]
    above = [offer for offer in offers if offer.within_budget is False]
    above.sort(key=lambda offer: (offer.annual_cost, offer.plan.plan_id))
    kept = within + above[: max(LEAST_PLANS - len(within), 0)]
    costs = [float(offer.annual_cost) for offer in kept] or [0.0]
    ends = (min(costs), max(costs))
    scored = [replace(offer, computed=_score(offer, ends, household)) for offer in kept]
    return sorted(scored, key=order)[:most]


def order(offer: Offer) -> tuple[int, float, str]:
    """Best first: score, then cost; ids, so that equals always stand the same way."""
    return -offer.computed, float(offer.annual_cost), offer.plan.plan_id


def _suits(plan: Plan, wishes: Preferences) -> bool:
    if plan.rate_type != "fixed" and not wishes.accept_variable_rates:
        return False
    most = wishes.max_contract_months
    return most is None or plan.contract_term_months <= most


def parts(offer: Offer, ends: tuple[float, float]) -> dict[str, float]:
    """0 to 100 each. Cost: from the dearest of all to the cheapest; flexibility: months free of 36;
    fees: 12 monthly fees and the exit fee, against a quarter of the annual cost.
    """
    plan, cost = offer.plan, float(offer.annual_cost)
    cheapest, dearest = ends
    fees = float(12 * plan.monthly_fee + plan.early_termination_fee)
    return {
        "cost": 100 * (dearest - cost) / (dearest - cheapest) if dearest > cheapest else 100.0,
        "flexibility": 100 * max(0.0, 1 - max(plan.contract_term_months - 1, 0) / LONGEST_TERM),
        "renewable": plan.renewable_percent,
        "fees": 100 * max(0.0, 1 - fees / (HEAVY_FEES * cost)) if cost > 0 else 100.0 * (not fees),
    }


def _score(offer: Offer, ends: tuple[float, float], household: Household) -> int:
    found, wishes = parts(offer, ends), household.preferences
    weighted = sum(weight * found[name] for name, weight in WEIGHTS.items())
    asked = [found["cost"]] * wishes.prioritize_savings
    asked += [found["renewable"]] * wishes.prefer_renewable
    wished = sum(asked) / len(asked) if asked else weighted / sum(WEIGHTS.values())
    score = weighted + WISHES * wished
    budget = wishes.max_monthly_budget
    if budget is not None and offer.within_budget is False:
        score *= float(12 * budget / offer.annual_cost)
    return round(min(max(score, 0.0), 100.0))
