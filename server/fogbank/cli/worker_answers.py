"""Asks a deployed EnergyGenius Worker as any client of it does."""

import time
from typing import Any

from fogbank.cli.client import Client
from fogbank.cli.common import fail
from fogbank.deployments.energygenius.comparison import run_of
from fogbank.deployments.energygenius.scenarios import Scenario


def worker_run(client: Client, scenario: Scenario) -> dict[str, Any]:
    """One scenario through POST /api/recommend, as a run."""
    began = time.perf_counter()
    answer = client.post("/api/recommend", scenario.request)
    wall = round((time.perf_counter() - began) * 1000, 1)
    try:
        return run_of(scenario.id, answer, wall)
    except (KeyError, TypeError) as error:
        fail(f"what {client.url} answered is not EnergyGenius' answer: {error!r}", 1)
