"""POST /api/compare: the same scenarios through two models, one after the other."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from fogbank.deployments.energygenius.comparison import arm_of, compared
from fogbank.deployments.energygenius.fields import shown
from fogbank.deployments.energygenius.inquiry import Models
from fogbank.deployments.energygenius.invalid import Invalid
from fogbank.deployments.energygenius.runs import Runs
from fogbank.deployments.energygenius.scenario_run import scenario_run
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
        if not isinstance(body, dict):
            raise Invalid("INVALID_COMPARISON", f"the body is {shown(body)}; expected an object")
        for name in ("scenarios", "models"):
            value = body.get(name)
            texts = isinstance(value, list) and all(isinstance(each, str) for each in value)
            if value is not None and not texts:
                raise Invalid("INVALID_COMPARISON", f"{name}: expected a list of names")
        models = list(dict.fromkeys(body.get("models") or self._defaults))
        if len(models) > MOST_MODELS:
            raise Invalid("INVALID_COMPARISON", f"models: at most {MOST_MODELS}")
        for model in models:
            if not self._runs.serves(model):
                raise Invalid(
                    "INVALID_COMPARISON", f"models: {shown(model)} is not served here; GET"
                    " /fogbank/models lists what is"
                )  # fmt: skip
        return chosen(self._scenarios, body.get("scenarios")), models

    async def _run(
        self, request: Request, scenario: Scenario, model: str
    ) -> tuple[dict[str, Any], str | None]:
        run = self._runs.begin(request, models=Models(model, None, self._runs.tries))
        return await scenario_run(self._runs.pipeline, scenario, run)
