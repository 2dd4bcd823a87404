"""Stage 3, narrative: why one plan suits the customer, in words; its figures are computed."""

from typing import Any

from fogbank.deployments.energygenius.asking import Ask, messages, prose, record, tidy
from fogbank.deployments.energygenius.money import dollars
from fogbank.deployments.energygenius.told import Told

MAX_TOKENS = 512
LENGTH = 220
TOP = 3
"""Plans that get a narrative (deployments.md, C)."""

SYSTEM = "You explain to a customer why an electricity plan suits them. Plain words, no numbers."


def ask(told: Told) -> Ask[str]:
    """Asks for the narrative of one plan."""
    question = " ".join(
        [*told.sentences, "Explain in two sentences why this plan suits the customer."]
    )
    schema = record(rationale=prose(40, LENGTH))

    def read(value: Any) -> str:
        return f"{tidy(value['rationale'], LENGTH)} {figures(told)}".strip()

    return Ask(messages(SYSTEM, question), schema, MAX_TOKENS, read)


def computed(told: Told) -> str:
    """The narrative without a model."""
    return " ".join([*told.sentences, figures(told)]).strip()


def figures(told: Told) -> str:
    """What the plan comes to; empty where nothing is known of it."""
    if told.annual_cost is None:
        return ""
    text = f"Estimated cost: {dollars(told.annual_cost)} a year"
    if told.savings is None:
        return f"{text}."
    less = "less" if told.savings >= 0 else "more"
    return (
        f"{text}, {dollars(abs(told.savings))} {less} than the current plan in the first year,"
        " any fee for leaving it included."
    )
