"""Speed and quality of the models whose cost is reported: what `fogbank compare` measured."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from fogbank.catalog.card import Card
from fogbank.cost.prices import PriceTable
from fogbank.tasks import Usage

NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
STAGES = {"usageSummary": "usage-summary", "planScoring": "plan-scoring", "narrative": "narrative"}


class _Measured(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Spread(_Measured):
    """Milliseconds; None where nothing ran."""

    p50_ms: NotNegative | None = Field(alias="p50Ms")
    max_ms: NotNegative | None = Field(alias="maxMs")


class Stage(Spread):
    """Of one stage over all runs; None is what the one who answered does not tell."""

    tokens_per_second: NotNegative | None = Field(alias="tokensPerSecond")
    asked: Count | None
    json_tries: Count | None = Field(alias="jsonTries")
    json_valid: Share | None = Field(alias="jsonValid")
    answers_valid: Share | None = Field(None, alias="answersValid")


class RunStage(_Measured):
    """Tokens of one stage of one run."""

    prompt_tokens: Count | None = Field(None, alias="promptTokens")
    completion_tokens: Count | None = Field(None, alias="completionTokens")


class Run(_Measured):
    """One scenario."""

    scenario: str
    stages: dict[str, RunStage]
    neurons: NotNegative | None


class Spending(_Measured):
    """What asking a cloud came to; neurons."""

    cap_neurons: NotNegative = Field(alias="capNeurons")
    neurons: NotNegative
    assumed_neurons: NotNegative = Field(alias="assumedNeurons")
    calls: Count
    prices: str
    stopped: str | None = None


class Arm(_Measured):
    """One model, or who has chosen his own."""

    name: str
    model: str | None = None
    served_by: str | None = Field(None, alias="servedBy")
    runs: tuple[Run, ...] = Field(min_length=1)
    stages: dict[str, Stage]
    wall_ms: Spread = Field(alias="wallMs")
    failed_runs: Count = Field(alias="failedRuns")
    errors: Count
    spending: Spending | None = None

    @property
    def usage(self) -> Usage | None:
        """Tokens of all runs; None where a stage of one does not tell them."""
        stages = [stage for run in self.runs for stage in run.stages.values()]
        prompt = [stage.prompt_tokens for stage in stages]
        answer = [stage.completion_tokens for stage in stages]
        if not stages or None in (*prompt, *answer):
            return None
        return Usage(prompt_tokens=sum(filter(None, prompt)),
                     completion_tokens=sum(filter(None, answer)))  # fmt: skip


class Agreement(_Measured):
    """Of the best three, over `scenarios`; shares."""

    scenarios: tuple[Any, ...]
    overlap: Share | None
    rank: Share | None
    same_first: Count = Field(alias="sameFirst")


class Quality(_Measured):
    """The arms, and how far the first two agree."""

    arms: tuple[Arm, ...] = Field(min_length=1)
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class ArmCost:
    """Means of one scenario; None where it is not known. `usd` is before the free allocation."""

    tokens: float | None
    neurons: float | None
    usd: float | None


@dataclass(frozen=True, slots=True)
class Priced:
    """What was measured, and what each arm cost."""

    told: Quality
    costs: tuple[ArmCost, ...]


def priced(
    told: Quality, prices: PriceTable, find: Callable[[str], Card | None], *, again: bool = False
) -> Priced:
    """With the cost of each arm; `find` gives a model's card, None for one that is not known."""
    cards = [None if arm.model is None else find(arm.model) for arm in told.arms]
    pairs = zip(told.arms, cards, strict=True)
    return Priced(told, tuple(_cost(arm, prices, card, again=again) for arm, card in pairs))


def _cost(arm: Arm, prices: PriceTable, card: Card | None, *, again: bool) -> ArmCost:
    """What one scenario cost: as it was recorded, else, and always with `again`, by its tokens."""
    usage, count = arm.usage, len(arm.runs)
    neurons = None if again else _sum(run.neurons for run in arm.runs)
    if neurons is None and usage is not None and card is not None:
        neurons = prices.neurons(card, usage)
    return ArmCost(
        tokens=None if usage is None else (usage.prompt_tokens + usage.completion_tokens) / count,
        neurons=None if neurons is None else neurons / count,
        usd=None if neurons is None else prices.usd(neurons / count),
    )


def quality_json(found: Priced) -> dict[str, Any]:
    """Seconds, shares from 0 to 1, and for each scenario tokens, neurons and USD."""
    agreed = found.told.agreement
    return {
        "arms": [_arm(arm, cost) for arm, cost in zip(found.told.arms, found.costs, strict=True)],
        "agreement": agreed
        and {
            "scenarios": len(agreed.scenarios),
            "overlap": agreed.overlap,
            "rank": agreed.rank,
            "same_first": agreed.same_first,
        },
    }


def _arm(arm: Arm, cost: ArmCost) -> dict[str, Any]:
    return {
        "name": arm.name,
        "model": arm.model,
        "served_by": arm.served_by,
        "scenarios": len(arm.runs),
        "stages": {STAGES.get(key, key): _stage(stage) for key, stage in arm.stages.items()},
        "whole": _seconds(arm.wall_ms),
        "failed_runs": arm.failed_runs,
        "errors": arm.errors,
        "tokens_per_scenario": cost.tokens,
        "neurons_per_scenario": cost.neurons,
        "usd_per_scenario": cost.usd,
        "spending": arm.spending and arm.spending.model_dump(),
    }


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        **_seconds(stage),
        "tokens_per_second": stage.tokens_per_second,
        "asked": stage.asked,
        "json_tries": stage.json_tries,
        "json_valid": stage.json_valid,
        "answers_valid": stage.answers_valid,
    }


def _seconds(spread: Spread) -> dict[str, float | None]:
    known = {"p50_s": spread.p50_ms, "max_s": spread.max_ms}
    return {name: None if ms is None else ms / 1000 for name, ms in known.items()}


def _sum(values: Iterable[float | None]) -> float | None:
    known = list(values)
    return None if None in known else sum(filter(None, known))
