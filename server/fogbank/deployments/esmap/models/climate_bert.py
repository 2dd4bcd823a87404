"""Sentiment, topics and climate relevance of a text."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import File, check_length, text_of
from fogbank.deployments.esmap.topics import Logistic, Signal, Topics
from fogbank.deployments.esmap.windows import Window, windows
from fogbank.runtime.runtime import Runtime
from fogbank.tasks import TextClassificationRequest, TextClassificationResult

Scores = dict[str, float]
"""A probability by label."""

MOST_TERMS = 4
"""Different terms of all topics together that count for relevance."""


class ClimateBert:
    """Judges each window of a text alone.

    The sentiment is the windows' mean, weighted by their length. The text has the topics of any
    window, and is as relevant as the most relevant one.
    """

    def __init__(self, card: ModelCard, config: Mapping[str, Any], file: File) -> None:
        self._card = card
        self._sentiment: str = config["sentiment"]
        self._detector: str = config["detector"]
        self._yes: str = config["detector_label"]
        self._topics = Topics(file(config["topics"]), config["embeddings"])
        self._labels = frozenset(config["labels"])
        relevance = config["relevance"]
        self._relevance = Logistic(*(float(relevance[k]) for k in ("bias", "terms", "similarity")))

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        check_length(text_of(input), self._card)

    async def prepare(self, runtime: Runtime) -> None:
        """What all texts are compared with. Raises AIError."""
        await self._topics.prepare(runtime)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        parts = windows(input["text"])
        detects = call.serves(self._detector)
        sentiment, detected, signals = await asyncio.gather(
            self._classified(self._sentiment, parts, call),
            self._classified(self._detector, parts if detects else (), call),
            self._topics.signals([part.text for part in parts], call),
        )
        tone = _mean(sentiment, parts)
        label = max(tone, key=tone.__getitem__)
        if detects:
            relevance = max(scores.get(self._yes, 0.0) for scores in detected)
        else:
            relevance = max(self._relevance(overall(each)) for each in signals)
        return {
            "label": label,
            "score": tone[label],
            "domain_labels": [n for n in self._topics.chosen(signals) if n in self._labels],
            "raw_response": [{"label": name, "score": score} for name, score in tone.items()],
            "climate_relevance": round(relevance, 4),
        }

    async def _classified(self, model: str, parts: Sequence[Window], call: Call) -> list[Scores]:
        requests = [TextClassificationRequest(part.text) for part in parts]
        answers = await asyncio.gather(*(call.run(model, request) for request in requests))
        found = []
        for answer in answers:
            assert isinstance(answer.result, TextClassificationResult)
            found.append({each.label: each.score for each in answer.result.scores})
        return found


def overall(signals: Mapping[str, Signal]) -> Signal:
    """The signal of all topics together: their terms, and the similarity of the nearest."""
    terms = sum(signal.terms for signal in signals.values())
    return Signal(min(terms, MOST_TERMS), max(each.similarity for each in signals.values()))


def _mean(found: Sequence[Scores], parts: Sequence[Window]) -> Scores:
    lengths = [len(part.text) for part in parts]
    return {
        label: round(
            sum(scores[label] * length for scores, length in zip(found, lengths, strict=True))
            / sum(lengths),
            6,
        )
        for label in found[0]
    }


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> ClimateBert:
    """`config` has models of the runtime, a data file, and what was fitted.

    `sentiment` (text classification) and `embeddings`; `detector`, a text classification model
    whose label `detector_label` means "about climate", used where the profile serves it;
    `topics`, a file, and `labels`, those of its topics that are answered; `relevance`, `{bias,
    terms, similarity}` of a logistic regression on `overall`, used where there is no detector.
    """
    try:
        return ClimateBert(card, config, file)
    except (KeyError, TypeError) as error:
        raise ValueError(f"config of climate-bert: {error!r}") from error
