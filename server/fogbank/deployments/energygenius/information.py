"""What EnergyGenius tells of itself: overview, health, mock data."""

from collections.abc import Sequence
from typing import Any

from fogbank.deployments.energygenius.invalid import Invalid
from fogbank.deployments.energygenius.runs import Runs
from fogbank.deployments.energygenius.scenarios import Scenario
from fogbank.deployments.web import timestamp
from fogbank.runtime.context import new_request_id

VERSION = "1.0.0"
ENDPOINTS = {
    "GET /health": "Health check",
    "GET /api/mock-data": "Plans of the catalogue and five scenarios to try",
    "POST /api/recommend": "Recommended plans for a year of use",
    "POST /api/narratives": "Why the first three plans suit, in words",
    "POST /api/compare": "The scenarios through two models",
    "POST /api/catalogue/validate": "What is wrong in a catalogue, CSV or JSON",
}


class Information:
    """Answers that ask no model."""

    def __init__(self, runs: Runs, scenarios: Sequence[Scenario]) -> None:
        self._runs = runs
        self._scenarios = scenarios

    def overview(self) -> dict[str, Any]:
        """GET / of a program."""
        catalogue = self._runs.pipeline.catalogue.about()
        return {
            "service": "EnergyGenius",
            "version": VERSION,
            "endpoints": ENDPOINTS,
            "catalogue": catalogue,
        }

    def health(self, *, page: bool) -> dict[str, Any]:
        """GET /health. `status` is always "ok"; whether models answer is in `bindings.ai`."""
        options = self._runs.options
        models = [options.ai_model_fast, options.ai_model_accurate]
        ready = any(self._runs.ready(model) for model in models)
        about = self._runs.pipeline.catalogue.about()
        return {
            "status": "ok",
            "timestamp": timestamp(self._runs.clock.now()),
            "version": VERSION,
            "bindings": {"assets": page, "ai": ready},
            "environment": {
                "AI_MODEL_FAST": options.ai_model_fast,
                "AI_MODEL_ACCURATE": options.ai_model_accurate,
                "ENABLE_SSE": options.enable_sse,
                "ENABLE_MOCK_DATA": options.enable_mock_data,
                "STAGE_SECONDS": options.stage_seconds,
            },
            "message": "EnergyGenius is running"
            if ready
            else "EnergyGenius is running; its models are not ready, answers are computed",
            "catalogue": about,
        }

    def mock_data(self) -> dict[str, Any]:
        """GET /api/mock-data. Raises Invalid where it is switched off."""
        if not self._runs.options.enable_mock_data:
            raise Invalid("ENDPOINT_DISABLED", "mock data is switched off (enable_mock_data)")
        catalogue = self._runs.pipeline.catalogue
        return {
            "data": {
                "suppliers": [plan.as_json() for plan in catalogue.plans],
                "scenarios": [scenario.as_json() for scenario in self._scenarios],
            },
            "metadata": {
                "count": len(catalogue.plans),
                "timestamp": timestamp(self._runs.clock.now()),
                "requestId": new_request_id(),
                "catalogue": catalogue.about(),
            },
        }
