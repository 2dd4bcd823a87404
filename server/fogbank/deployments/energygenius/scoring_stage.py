"""Stage 2, plan scoring: the model names the best plans by index, scores them and says why.

The schema holds it to indices that there are, to scores near the weighted ones, and to reasons
without figures (or to true ones). Candidates are numbered from 1: small models count so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fogbank.deployments.energygenius import words
from fogbank.deployments.energygenius.asking import Ask, messages, prose, record, tidy
from fogbank.deployments.energygenius.household import Household
from fogbank.deployments.energygenius.options import LEAST_PLANS, Options
from fogbank.deployments.energygenius.plan import Offer

MAX_TOKENS = 1024
LENGTH = 80
SYSTEM = (
    "You score electricity plans from 0 to 100 for a customer and say why in a few words,"
    " best plan first."
)
KINDS = {"fixed": "", "variable": ", variable", "indexed": ", indexed", "time-of-use": ", by time"}


@dataclass(frozen=True, slots=True)
class Scored:
    """An offer with its score and the reason for it; `by` whom: model or computed."""

    offer: Offer
    score: int
    reasoning: str
    by: str


def ask(offers: Sequence[Offer], household: Household, options: Options) -> Ask[list[Scored]]:
    """Asks for the best of these. `offers` is not empty."""
    wanted = words.wishes(household.preferences)
    lines = [f"{number}. {_line(offer)}" for number, offer in enumerate(offers, 1)]
    least = min(LEAST_PLANS, len(offers))
    most = min(options.recommendations, len(offers))
    question = "\n".join(
        [
            f"The customer wants {wanted or 'a good plan'}.",
            "Plans:",
            *lines,
            f"Score the {least} best plans, best first, each with a reason such as:"
            " low cost and no exit fee.",
        ]
    )
    items = [_item(at, offer, household, options) for at, offer in enumerate(offers, 1)]
    schema = {
        "type": "array",
        "items": {"anyOf": items},
        "minItems": least,
        "maxItems": most,
    }

    def read(value: Any) -> list[Scored]:
        return completed(value, offers, household, least)

    return Ask(messages(SYSTEM, question), schema, MAX_TOKENS, read)


def completed(
    value: Any, offers: Sequence[Offer], household: Household, least: int
) -> list[Scored]:
    """Best first. An index that comes again is dropped; what then lacks is scored here."""
    scored: dict[int, Scored] = {}
    for item in value:
        number = item["index"]
        reasoning = tidy(item["reasoning"], LENGTH)
        scored.setdefault(number, Scored(offers[number - 1], item["score"], reasoning, "model"))
    for number, offer in enumerate(offers, 1):
        if len(scored) >= least:
            break
        scored.setdefault(number, computed(offer, household))
    return ranked(scored.values())


def ranked(scored: Any) -> list[Scored]:
    """Best first; where scores are equal, by the weighted score, then by cost."""
    return sorted(
        scored,
        key=lambda each: (
            -each.score,
            -each.offer.computed,
            each.offer.annual_cost,
            each.offer.plan.plan_id,
        ),
    )


def computed(offer: Offer, household: Household) -> Scored:
    """The score without a model."""
    return Scored(offer, offer.computed, words.reasons(offer, household)[0] + ".", "computed")


def _line(offer: Offer) -> str:
    plan = offer.plan
    return (
        f"${offer.annual_cost:.0f} a year, {plan.contract_term_months} months,"
        f" {plan.renewable_percent:.0f}% renewable, ${plan.early_termination_fee:.0f} exit fee"
        f"{KINDS[plan.rate_type]}"
    )


def _item(number: int, offer: Offer, household: Household, options: Options) -> dict[str, Any]:
    margin = 100 if options.score_margin is None else options.score_margin
    reasoning = prose(6, LENGTH, ",'-")
    if options.reasoning == "facts":
        reasoning = {"enum": words.reasons(offer, household)}
    return record(
        index={"const": number},
        score={
            "type": "integer",
            "minimum": max(0, offer.computed - margin),
            "maximum": min(100, offer.computed + margin),
        },
        reasoning=reasoning,
    )
