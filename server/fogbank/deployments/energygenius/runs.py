"""Begins the run of one request: whose it is, and which models it may ask."""

from dataclasses import dataclass

from starlette.requests import Request

from fogbank.clock import Clock
from fogbank.deployments.energygenius.inquiry import Inquirer, Models
from fogbank.deployments.energygenius.options import Options
from fogbank.deployments.energygenius.pipeline import Pipeline, Progress, Run, silent
from fogbank.runtime.context import new_request_id
from fogbank.runtime.runtime import Runtime


@dataclass(frozen=True, slots=True)
class Runs:
    """What runs have in common."""

    pipeline: Pipeline
    options: Options
    runtime: Runtime
    clock: Clock

    @property
    def tries(self) -> int:
        """Of the fast model."""
        return self.options.tries

    def begin(
        self, request: Request, progress: Progress = silent, models: Models | None = None
    ) -> Run:
        """A run with the configured models, or with these."""
        options = self.options
        inquirer = Inquirer(
            runtime=self.runtime,
            models=models
            or Models(options.ai_model_fast, options.ai_model_accurate, options.tries),
            seconds=options.stage_seconds,
            request_id=new_request_id(),
            key=request.scope.get("state", {}).get("key"),
        )
        return Run(inquirer, self.clock, progress)

    def serves(self, model: str) -> bool:
        """Whether this profile serves a model of that name."""
        card = self.runtime.catalog.resolve(model)
        return card is not None and card.name in self.runtime.served

    def ready(self, model: str | None) -> bool:
        """Whether its engine is loaded."""
        card = self.runtime.catalog.resolve(model) if model else None
        served = self.runtime.served.get(card.name) if card else None
        return served is not None and self.runtime.engines[served.engine].ready
