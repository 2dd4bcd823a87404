"""The bodies of the answers (deployments.md, C), with what is ours beside the contract's keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fogbank.deployments.energygenius.catalogue import Catalogue
from fogbank.deployments.energygenius.catalogue_rows import Wrong
from fogbank.deployments.energygenius.household import Household
from fogbank.deployments.energygenius.money import rounded
from fogbank.deployments.energygenius.pipeline import KEYS, Recommendation
from fogbank.deployments.energygenius.scoring_stage import Scored
from fogbank.deployments.web import timestamp

MOST_MISTAKES = 100


def recommendation(made: Recommendation, request_id: str, at: datetime) -> dict[str, Any]:
    """POST /api/recommend."""
    return {
        "data": {
            "recommendations": [
                _recommended(each, made.rationales.get(each.offer.plan.plan_id))
                for each in made.scored
            ],
            "usageSummary": _summary(made.household, made.overview),
            "metadata": {
                "executionTime": round(made.total_ms),
                "timestamp": timestamp(at),
                "requestId": request_id,
                "errors": made.errors,
            },
        },
        "performance": {KEYS[stage]: timing.as_json() for stage, timing in made.timings.items()},
    }


def _recommended(scored: Scored, rationale: str | None) -> dict[str, Any]:
    offer, plan = scored.offer, scored.offer.plan
    return {
        "planId": plan.plan_id,
        "supplier": plan.supplier,
        "planName": plan.plan_name,
        "score": scored.score,
        "estimatedAnnualCost": float(offer.annual_cost),
        "estimatedSavings": float(offer.savings),
        "reasoning": scored.reasoning,
        "rationale": rationale,
        "renewablePercent": plan.renewable_percent,
        "contractTermMonths": plan.contract_term_months,
        "earlyTerminationFee": float(plan.early_termination_fee),
        "baseRate": float(plan.base_rate),
        "monthlyFee": float(plan.monthly_fee),
        "rateType": plan.rate_type,
        "withinBudget": offer.within_budget,
        "computedScore": offer.computed,
        "scoredBy": scored.by,
    }


def _summary(household: Household, overview: str) -> dict[str, Any]:
    usage = household.usage
    return {
        "averageMonthlyUsage": float(usage.average_kwh),
        "peakUsageMonth": usage.peak.label,
        "totalAnnualUsage": float(rounded(usage.annual_kwh)),
        "usagePattern": usage.pattern,
        "annualCost": float(rounded(usage.annual_cost)),
        "currentPlanAnnualCost": float(household.current_cost),
        "overview": overview,
    }


def validation(found: Catalogue, wrong: Sequence[Wrong], kind: str) -> dict[str, Any]:
    """POST /api/catalogue/validate: how many plans could be read, and every mistake, up to 100."""
    return {
        "valid": not wrong,
        "format": kind,
        "plans": len(found.plans),
        "skipped": found.skipped,
        "serviceAreas": list(found.areas),
        "mistakeCount": len(wrong),
        "mistakes": [each.as_json() for each in wrong[:MOST_MISTAKES]],
        "example": found.plans[0].as_json() if found.plans else None,
    }
