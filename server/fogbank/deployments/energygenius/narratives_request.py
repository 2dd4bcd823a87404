"""The body of POST /api/narratives, read into what narratives are about."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from fogbank.deployments.energygenius import words
from fogbank.deployments.energygenius.fields import Fields, shown
from fogbank.deployments.energygenius.invalid import Invalid
from fogbank.deployments.energygenius.narrative_stage import TOP
from fogbank.deployments.energygenius.plan import Plan
from fogbank.deployments.energygenius.told import Told

EXAMPLE = "planScoring.scoredPlans: a list of plans as POST /api/recommend answers them"
MOST_DOLLARS = 10_000_000_000
LONGEST_ID = 160


def told_in(body: Any, plans: Mapping[str, Plan]) -> list[Told]:
    """The first three scored plans, in the order of their scores where all have one.

    What the client does not say of a plan is taken from the catalogue. Raises Invalid:
    MISSING_FIELDS or INVALID_PLAN_SCORING.
    """
    given = body if isinstance(body, dict) else {}
    parts = ("usageSummary", "planScoring")
    missing = [name for name in parts if not isinstance(given.get(name), dict)]
    if missing:
        raise Invalid("MISSING_FIELDS", f"Required: an object in each of {', '.join(missing)}")
    scored = given["planScoring"].get("scoredPlans")
    if not isinstance(scored, list) or not scored:
        raise Invalid(
            "INVALID_PLAN_SCORING",
            f"planScoring.scoredPlans is {shown(scored)}; expected {EXAMPLE}",
        )
    summary = Fields(given["usageSummary"], "usageSummary")
    now = summary.number("currentPlanAnnualCost", "$", MOST_DOLLARS)
    now = summary.number("annualCost", "$", MOST_DOLLARS) if now is None else now
    used = _used(summary)
    mistakes = summary.mistakes
    found = [
        _told(item, f"scoredPlans[{at}]", plans, now, used, mistakes)
        for at, item in enumerate(_best(scored))
    ]
    if mistakes:
        raise Invalid("INVALID_PLAN_SCORING", "; ".join(mistakes[:5]))
    return [told for told in found if told is not None]


def _best(scored: list[Any]) -> list[Any]:
    scores = [item.get("score") if isinstance(item, dict) else None for item in scored]
    if all(isinstance(score, int | float) for score in scores):
        scored = sorted(scored, key=lambda item: -float(item["score"]))
    return scored[:TOP]


def _used(summary: Fields) -> str:
    pattern = summary.values.get("usagePattern")
    return f"use that is {words.PATTERNS[pattern]}" if pattern in list(words.PATTERNS) else ""


def _told(
    item: Any,
    path: str,
    plans: Mapping[str, Plan],
    now: Decimal | None,
    used: str,
    mistakes: list[str],
) -> Told | None:
    plan_id = item.get("planId") if isinstance(item, dict) else None
    if not isinstance(plan_id, str) or not 0 < len(plan_id) <= LONGEST_ID:
        mistakes.append(f"{path} has no planId; expected {EXAMPLE}")
        return None
    fields = Fields(item, path, mistakes)
    plan = plans.get(plan_id)
    cost = fields.number("estimatedAnnualCost", "$", MOST_DOLLARS)
    savings = fields.number("estimatedSavings", "$", MOST_DOLLARS, least=-MOST_DOLLARS)
    percent = fields.number("renewablePercent", "percent", 100)
    months = fields.number("contractTermMonths", "months", 1200)
    fee = fields.number("earlyTerminationFee", "$", 1_000_000)
    return Told(
        plan_id=plan_id,
        annual_cost=cost,
        savings=savings,
        now=now,
        renewable_percent=_known(percent, plan and plan.renewable_percent, float),
        contract_months=_known(months, plan and plan.contract_term_months, int),
        exit_fee=_known(fee, plan and plan.early_termination_fee, Decimal),
        rate_type=plan.rate_type if plan else None,
        used=used,
    )


def _known(given: Any, known: Any, kind: Any) -> Any:
    value = known if given is None else given
    return None if value is None else kind(value)
