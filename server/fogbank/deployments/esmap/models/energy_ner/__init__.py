"""Organisations, places, technologies and quantities in a text about energy."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.data_file import read_data
from fogbank.deployments.esmap.energy import build_categories, energy_categories
from fogbank.deployments.esmap.model import File, check_length, text_of
from fogbank.deployments.esmap.models.energy_ner.entities import METRIC, Found, without_overlaps
from fogbank.deployments.esmap.models.energy_ner.quantities import Quantities
from fogbank.deployments.esmap.models.energy_ner.units import Units
from fogbank.deployments.esmap.terms import Terms
from fogbank.deployments.esmap.windows import Window, windows
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import TokenClassificationRequest, TokenClassificationResult

FROM_MODEL = ("ORG", "LOC")
FROM_TERMS = ("ORG", "LOC", "TECH")


class EnergyNer:
    """Three sources: the runtime's model, lists of terms, and a grammar of quantities."""

    def __init__(self, card: ModelCard, config: Mapping[str, Any], file: File) -> None:
        self._card = card
        self._ner: str = config["ner"]
        self._least = float(config["least_score"])
        self._precision = {t: float(config["precision"][t]) for t in (*FROM_TERMS, METRIC)}
        self._terms = _terms(file(config["terms"]))
        self._quantities = Quantities(Units(file(config["units"])))
        self._categories = build_categories(config, file)

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        check_length(text_of(input), self._card)

    async def prepare(self, runtime: Runtime) -> None:
        """What all texts are compared with. Raises AIError."""
        await self._categories.prepare(runtime)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        text: str = input["text"]
        by_model, by_rules, categories = await asyncio.gather(
            asyncio.gather(*(self._by_model(window, call) for window in windows(text))),
            call.compute(self._by_rules, text),
            energy_categories(text, call, self._categories),
        )
        kept = without_overlaps([*by_rules, *(each for found in by_model for each in found)])
        scores = [each.score for each in kept]
        return {
            "entities": [each.rendered(text) for each in kept],
            "confidence": round(sum(scores) / len(scores), 4) if scores else 0.0,
            "energy_categories": categories,
        }

    async def _by_model(self, window: Window, call: Call) -> list[Found]:
        answer = await call.run(self._ner, TokenClassificationRequest(window.text))
        assert isinstance(answer.result, TokenClassificationResult)
        return [
            Found(
                each.entity_group,
                window.start + each.start,
                window.start + each.end,
                each.score,
                "model",
            )
            for each in answer.result.entities
            if each.entity_group in FROM_MODEL
            and each.score >= self._least
            and any(map(str.isalnum, each.word))
        ]

    def _by_rules(self, text: str) -> list[Found]:
        found = [
            Found(type, span.start, span.end, self._precision[type], "terms")
            for type, terms in self._terms.items()
            for span in terms.find(text)
        ]
        for each in self._quantities.find(text):
            normalized = {"value": each.normal_value, "unit": each.normal_unit}
            more: dict[str, Any] = {"value": each.value, "unit": each.unit}
            if each.low is not None:
                more["range"] = [each.low, each.high]
            more["normalized"] = normalized
            score = self._precision[METRIC]
            found.append(Found(METRIC, each.start, each.end, score, "quantities", more))
        return found


def _terms(path: Path) -> dict[str, Terms]:
    data = read_data(path)
    if not isinstance(data, dict) or not all(isinstance(data.get(t), list) for t in FROM_TERMS):
        raise ValueError(f"{path.name} needs lists of terms: {', '.join(FROM_TERMS)}")
    return {type: Terms(map(str, data[type])) for type in FROM_TERMS}


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> EnergyNer:
    """`config` has models of the runtime, data files, and what was measured.

    `ner` (token classification) and `embeddings`; `terms`, `units`, `energy_categories` (files);
    `least_score`, below which the model's entities are dropped; `precision` of the terms by type
    and of the quantities (METRIC), which is their score.
    """
    try:
        return EnergyNer(card, config, file)
    except (KeyError, TypeError) as error:
        raise ValueError(f"config of energy-ner: {error!r}") from error
