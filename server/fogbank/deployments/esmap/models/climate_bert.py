"""Sentiment of a text about climate."""

from collections.abc import Mapping
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import File, check_length, text_of
from fogbank.tasks import TextClassificationRequest, TextClassificationResult


class ClimateBert:
    """POSITIVE or NEGATIVE."""

    def __init__(self, card: ModelCard, config: Mapping[str, Any]) -> None:
        self._card = card
        self._sentiment: str = config["sentiment"]

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        check_length(text_of(input), self._card)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        answer = await call.run(self._sentiment, TextClassificationRequest(input["text"]))
        assert isinstance(answer.result, TextClassificationResult)
        best = max(answer.result.scores, key=lambda score: score.score)
        return {"label": best.label, "score": best.score}


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> ClimateBert:
    """`config`: `sentiment`, a text classification model of the runtime."""
    return ClimateBert(card, config)
