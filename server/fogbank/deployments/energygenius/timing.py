"""How long a stage took, and what it cost: `performance` of an answer, and its log lines."""

from dataclasses import dataclass, field
from typing import Any

import structlog

log = structlog.get_logger("fogbank.energygenius")


@dataclass(slots=True)
class Timing:
    """Of one stage, in milliseconds. `stage` as log lines and errors name it.

    `asked` counts requests to models, `answered` those whose JSON fitted; `json_tries` how many
    answers were made for them, those included that did not fit. `neurons` is None where a model has
    no price.
    """

    stage: str
    prompt_build_ms: float = 0.0
    inference_ms: float = 0.0
    parse_ms: float = 0.0
    total_ms: float = 0.0
    model: str | None = None
    served_by: str | None = None
    asked: int = 0
    answered: int = 0
    json_tries: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    neurons: float | None = 0.0
    ran: bool = field(default=True)

    def spend(self, neurons: float | None) -> None:
        """Adds the cost of an answer."""
        known = self.neurons is not None and neurons is not None
        self.neurons = (self.neurons or 0.0) + (neurons or 0.0) if known else None

    def as_json(self) -> dict[str, Any]:
        """The four figures of the contract, then ours."""
        return {
            "promptBuildMs": round(self.prompt_build_ms, 3),
            "inferenceMs": round(self.inference_ms, 3),
            "parseMs": round(self.parse_ms, 3),
            "totalMs": round(self.total_ms, 3),
            "ran": self.ran,
            "model": self.model,
            "servedBy": self.served_by,
            "asked": self.asked,
            "answered": self.answered,
            "jsonTries": self.json_tries,
            "promptTokens": self.prompt_tokens,
            "completionTokens": self.completion_tokens,
            "neurons": None if self.neurons is None else round(self.neurons, 4),
        }

    def write(self, request_id: str) -> None:
        """The log lines, in the contract's words."""
        for line in (
            f"Model: {self.model or 'none'}",
            f"Prompt Build: {self.prompt_build_ms:.0f}ms",
            f"AI Inference: {self.inference_ms:.0f}ms",
            f"Response Parse: {self.parse_ms:.0f}ms",
            f"Total Duration: {self.total_ms:.0f}ms",
        ):
            log.info(f"[PERF] [{self.stage}] {line}", id=request_id)


def together(stage: str, timings: list[Timing], total_ms: float) -> Timing:
    """Of work done side by side that took so long in all: the longest of each, costs added up."""
    whole = Timing(stage, total_ms=total_ms)
    for each in timings:
        whole.prompt_build_ms = max(whole.prompt_build_ms, each.prompt_build_ms)
        whole.inference_ms = max(whole.inference_ms, each.inference_ms)
        whole.parse_ms = max(whole.parse_ms, each.parse_ms)
        whole.model = whole.model or each.model
        whole.served_by = whole.served_by or each.served_by
        whole.asked += each.asked
        whole.answered += each.answered
        whole.json_tries += each.json_tries
        whole.prompt_tokens += each.prompt_tokens
        whole.completion_tokens += each.completion_tokens
        whole.spend(each.neurons)
    return whole


def write_totals(timings: list[Timing], total_ms: float, errors: int, request_id: str) -> None:
    """The last two lines of a recommendation."""
    inference = sum(each.inference_ms for each in timings)
    log.info(f"[PERF] [SUMMARY] Total Inference Time: {inference:.0f}ms", id=request_id)
    log.info(
        f"[PIPELINE] Pipeline completed in {total_ms:.0f}ms with {errors} errors", id=request_id
    )
