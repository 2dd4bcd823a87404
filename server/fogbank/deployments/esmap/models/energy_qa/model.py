"""energy-qa: checks the input, chooses who reads, and makes the answer."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.energy import energy_categories
from fogbank.deployments.esmap.model import InvalidInput, check_length
from fogbank.deployments.esmap.models.energy_qa.decision import Decision, weighted
from fogbank.deployments.esmap.models.energy_qa.features import of_evidence
from fogbank.deployments.esmap.models.energy_qa.question import Question, read_question
from fogbank.deployments.esmap.models.energy_qa.reading import Candidate, Reader
from fogbank.deployments.esmap.topics import Topics
from fogbank.tasks import QuestionAnsweringRequest, QuestionAnsweringResult

ABSENT = "not in the context"
BY_PARTS = "parts"
BY_MODEL = "model"


class Config(BaseModel):
    """`config` of the card; the models are the runtime's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reader: str = Field(description="Extractive question answering; used where it is served.")
    embeddings: str
    entities: str = Field(description="Token classification.")
    energy_categories: str = Field(description="A data file of topics.")
    question_length: int = Field(ge=1, description="Characters of a question at most.")
    decision: Decision


@dataclass(frozen=True, slots=True)
class Found:
    """`start` and `end` are None for no answer; `confidence` is the probability of what is said."""

    start: int | None
    end: int | None
    confidence: float
    method: str


class EnergyQa:
    """A span of the context, or that the answer is not in it."""

    def __init__(self, card: ModelCard, config: Config, categories: Topics) -> None:
        self._card = card
        self._config = config
        self._categories = categories
        self._reader = Reader(config.embeddings, config.entities)

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        given = input if isinstance(input, dict) else {}
        texts = [given.get("question"), given.get("context")]
        for text in texts:
            if not isinstance(text, str) or not text.strip():
                raise InvalidInput("Input must contain question and context fields")
        if len(given["question"]) > self._config.question_length:
            raise InvalidInput("Text exceeds maximum length")
        check_length(given["question"] + given["context"], self._card)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        question, context = input["question"], input["context"]
        by_model = call.serves(self._config.reader)
        read = self._ask(question, context, call) if by_model else self._find(input, call)
        found, categories = await asyncio.gather(
            read, energy_categories(f"{question}\n\n{context}", call, self._categories)
        )
        return {
            "answer": ABSENT if found.start is None else context[found.start : found.end],
            "confidence": round(found.confidence, 4),
            "source": "context",
            "start": found.start,
            "end": found.end,
            "method": found.method,
            "energy_categories": categories,
        }

    async def _ask(self, question: str, context: str, call: Call) -> Found:
        answer = await call.run(self._config.reader, QuestionAnsweringRequest(question, context))
        result = answer.result
        assert isinstance(result, QuestionAnsweringResult)
        if not result.answer:
            return Found(None, None, result.score, BY_MODEL)
        return Found(result.start, result.end, result.score, BY_MODEL)

    async def _find(self, input: dict[str, Any], call: Call) -> Found:
        question, context = read_question(input["question"]), input["context"]
        candidates = await self._reader.candidates(question, context, call)
        if not candidates:
            return Found(None, None, 1.0, BY_PARTS)
        decision = self._config.decision
        best, evidence = choose(candidates, decision.span, question, context)
        absent = decision.absent.probability(evidence)
        if absent >= decision.threshold:
            return Found(None, None, absent, BY_PARTS)
        correct = decision.correct.probability(evidence)
        return Found(best.span.start, best.span.end, correct, BY_PARTS)


def choose(
    candidates: list[Candidate], weights: Mapping[str, float], question: Question, context: str
) -> tuple[Candidate, dict[str, float]]:
    """The best of the candidates (at least one), and the numbers of the evidence for it."""
    scored = sorted(
        ((weighted(weights, each.numbers), each) for each in candidates), key=lambda pair: -pair[0]
    )
    best = scored[0][1]
    # A span within the best one, or around it, is no rival.
    apart = [
        score
        for score, each in scored[1:]
        if each.span.end <= best.span.start or best.span.end <= each.span.start
    ]
    scores = [scored[0][0], *apart]
    return best, of_evidence(scores, best.numbers, best.sentence, question, context)
