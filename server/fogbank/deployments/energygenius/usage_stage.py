"""Stage 1, usage summary: a sentence about the household's use. Its figures are computed."""

from typing import Any

from fogbank.deployments.energygenius import words
from fogbank.deployments.energygenius.asking import Ask, messages, prose, record, tidy
from fogbank.deployments.energygenius.usage import Usage

MAX_TOKENS = 512
LENGTH = 140
SYSTEM = "You explain electricity use to customers in plain words. Write no numbers."


def ask(usage: Usage) -> Ask[str]:
    """Asks for the overview."""
    question = f"Describe this use of electricity in one sentence: {words.use(usage)}."
    schema = record(overview=prose(20, LENGTH))
    return Ask(messages(SYSTEM, question), schema, MAX_TOKENS, _read)


def _read(value: Any) -> str:
    return tidy(value["overview"], LENGTH)


def computed(usage: Usage) -> str:
    """The overview without a model."""
    return f"{words.use(usage)}.".capitalize()
