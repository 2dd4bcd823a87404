"""The three stages of a recommendation: usage summary -> plan scoring -> narratives, in parallel.

Each asks a model; where none answers, what it would have said is computed and the error is noted.
The arithmetic is done before and apart (money.py, usage.py, plan.py).
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from fogbank.clock import Clock
from fogbank.deployments.energygenius import narrative_stage, scoring_stage, usage_stage
from fogbank.deployments.energygenius.catalogue import Catalogue
from fogbank.deployments.energygenius.household import Household
from fogbank.deployments.energygenius.inquiry import Inquirer, StageFailed
from fogbank.deployments.energygenius.options import Options
from fogbank.deployments.energygenius.scoring import candidates
from fogbank.deployments.energygenius.scoring_stage import Scored
from fogbank.deployments.energygenius.timing import Timing, together, write_totals
from fogbank.deployments.energygenius.told import Told, told_of
from fogbank.deployments.web import timestamp

USAGE, SCORING, NARRATIVE = "usage-summary", "plan-scoring", "narrative"
KEYS = {USAGE: "usageSummary", SCORING: "planScoring", NARRATIVE: "narrative"}
"""Of `performance`."""

Progress = Callable[[str, dict[str, Any]], None]
"""Gets the name of an event and its data, as it happens."""

log = structlog.get_logger("fogbank.energygenius")


def silent(event: str, data: dict[str, Any]) -> None:
    """For those who wait for the end."""


@dataclass(slots=True)
class Recommendation:
    """What came out. `timings` by stage, in their order; `rationales` by plan id."""

    household: Household
    scored: list[Scored] = field(default_factory=list)
    overview: str = ""
    rationales: dict[str, str] = field(default_factory=dict)
    errors: list[dict[str, str]] = field(default_factory=list)
    timings: dict[str, Timing] = field(default_factory=dict)
    total_ms: float = 0.0


@dataclass(slots=True)
class Run:
    """One client's run: who is asked, where errors are noted, who is told."""

    inquirer: Inquirer
    clock: Clock
    progress: Progress = silent
    errors: list[dict[str, str]] = field(default_factory=list)

    def failed(self, stage: str, message: str) -> None:
        """Notes an error of a stage."""
        at = timestamp(self.clock.now())
        self.errors.append({"stage": stage, "message": message, "timestamp": at})
        log.warning("stage failed", stage=stage, id=self.inquirer.request_id, error=message)

    def started(self, stage: str) -> float:
        """The time, once the client was told."""
        self.progress("stage", {"stage": stage, "status": "started"})
        return time.perf_counter()

    def finished(self, timing: Timing, errors_before: int) -> None:
        """Tells the client and the log."""
        timing.write(self.inquirer.request_id)
        status = "finished" if len(self.errors) == errors_before else "fallback"
        data = {"stage": timing.stage, "status": status, "performance": timing.as_json()}
        self.progress("stage", data)


class Pipeline:
    """Recommends plans of one catalogue."""

    def __init__(self, catalogue: Catalogue, options: Options) -> None:
        self.catalogue = catalogue
        self._options = options

    async def recommend(
        self, household: Household, run: Run, *, narratives: bool
    ) -> Recommendation:
        """All stages, the last one only where `narratives` are asked for."""
        began = time.perf_counter()
        made = Recommendation(household, errors=run.errors)
        made.overview, made.timings[USAGE] = await self._usage(household, run)
        made.scored, made.timings[SCORING] = await self._scoring(household, run)
        made.timings[NARRATIVE] = Timing(NARRATIVE, ran=False)
        if narratives and made.scored:
            best = made.scored[: narrative_stage.TOP]
            told = [told_of(each.offer, household) for each in best]
            made.rationales, made.timings[NARRATIVE] = await self.narrate(told, run)
        made.total_ms = (time.perf_counter() - began) * 1000
        inquired = list(made.timings.values())
        write_totals(inquired, made.total_ms, len(run.errors), run.inquirer.request_id)
        return made

    async def narrate(self, told: Sequence[Told], run: Run) -> tuple[dict[str, str], Timing]:
        """The narratives by plan id, written side by side."""
        before, began = len(run.errors), run.started(NARRATIVE)
        timings = [Timing(NARRATIVE) for _ in told]
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._narrative(each, timing, run))
                for each, timing in zip(told, timings, strict=True)
            ]
        took = (time.perf_counter() - began) * 1000
        whole = together(NARRATIVE, timings, took)
        run.finished(whole, before)
        return {each.plan_id: task.result() for each, task in zip(told, tasks, strict=True)}, whole

    async def _usage(self, household: Household, run: Run) -> tuple[str, Timing]:
        before, timing = len(run.errors), Timing(USAGE)
        run.started(USAGE)
        usage = household.usage
        try:
            overview = await run.inquirer.ask(timing, lambda: usage_stage.ask(usage))
        except StageFailed as error:
            run.failed(USAGE, str(error))
            overview = usage_stage.computed(usage)
        run.finished(timing, before)
        return overview, timing

    async def _scoring(self, household: Household, run: Run) -> tuple[list[Scored], Timing]:
        before, timing = len(run.errors), Timing(SCORING)
        run.started(SCORING)
        options = self._options
        # A large catalogue takes milliseconds: twenty thousand plans, eighty.
        offers = await asyncio.to_thread(
            candidates, self.catalogue.plans, household, options.candidates
        )
        scored: list[Scored] = []
        if not offers:
            run.failed(
                SCORING, "no plan of the catalogue suits the preferences: " + _wanted(household)
            )
        else:
            try:
                scored = await run.inquirer.ask(
                    timing, lambda: scoring_stage.ask(offers, household, options)
                )
            except StageFailed as error:
                run.failed(SCORING, str(error))
                most = options.recommendations
                scored = [scoring_stage.computed(each, household) for each in offers[:most]]
        run.finished(timing, before)
        return scored, timing

    async def _narrative(self, told: Told, timing: Timing, run: Run) -> str:
        try:
            rationale = await run.inquirer.ask(timing, lambda: narrative_stage.ask(told))
        except StageFailed as error:
            run.failed(NARRATIVE, f"{told.plan_id}: {error}")
            rationale = narrative_stage.computed(told)
        run.progress("narrative", {"planId": told.plan_id, "rationale": rationale})
        return rationale


def _wanted(household: Household) -> str:
    wishes = household.preferences
    months = wishes.max_contract_months
    parts = [] if months is None else [f"maxContractMonths is {months}"]
    if not wishes.accept_variable_rates:
        parts.append("acceptVariableRates is not true")
    return ", ".join(parts) or "it is empty"
