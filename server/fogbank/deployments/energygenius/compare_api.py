"""POST /api/compare: the same scenarios through two models, one after the other."""

import time
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from fogbank.deployments.energygenius import answers
from fogbank.deployments.energygenius.comparison import arm_of, compared, run_of
from fogbank.deployments.energygenius.inquiry import Models
from fogbank.deployments.energygenius.invalid import Invalid
from fogbank.deployments.energygenius.recommend_request import household_of
from fogbank.deployments.energygenius.runs import Runs
from fogbank.deployments.energygenius.scenarios import Scenario, chosen
from fogbank.deployments.web import timestamp

MOST_MODELS = 2


class Comparing:
    """Runs scenarios with one model alone, without the other one as its fallback."""

    def __init__(self, runs: Runs, scenarios: Sequence[Scenario], defaults: Sequence[str]) -> None:
        self._runs = runs
        self._scenarios = scenarios
        self._defaults = tuple(defaults)

    async def compare(self, request: Request, body: Any) -> dict[str, Any]:
        """The answer. Scenarios alternate between the arms, so that both meet the same load."""
        scenarios, models = self._asked(body)
        runs: dict[str, list[dict[str, Any]]] = {model: [] for model in models}
        served: dict[str, str | None] = {}
        for scenario in scenarios:
            for model in models:
                run, served[model] = await self._run(request, scenario, model)
                runs[model].append(run)
        arms = [arm_of(model, runs[model], model=model, servedBy=served[model]) for model in models]
        at = timestamp(self._runs.clock.now())
        return {**compared(arms), "timestamp": at}

    def _asked(self, body: Any) -> tuple[list[Scenario], list[str]]:
        given = body if isinstance(body, dict) else {}
        for name in ("scenarios", "models"):
            value = given.get(name)
            texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
            if value is not None and not texts:
                raise Invalid("INVALID_COMPARISON", f"{name}: expected a list of names")
        models = list(dict.fromkeys(given.get("models") or self._defaults))
        if len(models) > MOST_MODELS:
            raise Invalid("INVALID_COMPARISON", f"models: at most {MOST_MODELS}")
        for model in models:
            if not self._runs.serves(model):
                raise Invalid(
                    "INVALID_COMPARISON", f"models: {model[:100]!r} is not served here; GET"
                    " /fogbank/models lists what is"
                )  # fmt: skip
        return chosen(self._scenarios, given.get("scenarios")), models

    async def _run(
        self, request: Request, scenario: Scenario, model: str
    ) -> tuple[dict[str, Any], str | None]:
        run = self._runs.begin(request, models=Models(model, None, self._runs.tries))
        began = time.perf_counter()
        made = await self._runs.pipeline.recommend(
            household_of(scenario.request), run, narratives=True
        )
        wall = (time.perf_counter() - began) * 1000
        body = answers.recommendation(made, run.inquirer.request_id, self._runs.clock.now())
        served = [timing.served_by for timing in made.timings.values() if timing.served_by]
        return run_of(scenario.id, body, round(wall, 1)), served[0] if served else None
