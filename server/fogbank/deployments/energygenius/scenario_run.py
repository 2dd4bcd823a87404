"""One scenario through the pipeline, narratives included, as a run of a comparison."""

import time
from typing import Any

from fogbank.deployments.energygenius import answers
from fogbank.deployments.energygenius.comparison import run_of
from fogbank.deployments.energygenius.pipeline import Pipeline, Run
from fogbank.deployments.energygenius.recommend_request import household_of
from fogbank.deployments.energygenius.scenarios import Scenario


async def scenario_run(
    pipeline: Pipeline, scenario: Scenario, run: Run
) -> tuple[dict[str, Any], str | None]:
    """The run, and what stood in for the model that was asked."""
    began = time.perf_counter()
    made = await pipeline.recommend(household_of(scenario.request), run, narratives=True)
    wall = (time.perf_counter() - began) * 1000
    body = answers.recommendation(made, run.inquirer.request_id, run.clock.now())
    served = [timing.served_by for timing in made.timings.values() if timing.served_by]
    return run_of(scenario.id, body, round(wall, 1)), served[0] if served else None
