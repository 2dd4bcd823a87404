"""examples/energy-plans under real workerd with the embedded models: no stage fails."""

import time
from pathlib import Path

import pytest

from fogbank.deployments.energygenius.scenarios import load_scenarios
from fogbank.settings import package_data
from tests.real_server import RealServer
from tests.verify.conftest import Record
from tests.workers.example_workers import example
from tests.workers.tools import needs_workers

pytestmark = [
    pytest.mark.verify,
    pytest.mark.anyio,
    pytest.mark.engine,
    pytest.mark.timeout(1200),
    needs_workers,
]


async def test_five_households(embedded: RealServer, tmp_path: Path, record: Record) -> None:
    for scenario in load_scenarios(package_data()):
        async with example("energy-plans", embedded.url, tmp_path / scenario.id) as worker:
            worker.timeout = 300
            began = time.monotonic()
            answer = await worker.post("/", json=scenario.request)
            took = time.monotonic() - began
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["errors"] == []
        best = told["recommendations"]
        assert len(best) == 3
        used = sum(month["usage"] for month in scenario.request["energyUsageData"]["monthlyData"])
        assert told["usage"]["totalAnnualUsage"] == pytest.approx(used)
        for plan in best:
            annual = plan["rate"] * used + 12 * plan["monthlyFee"]
            assert plan["annualCost"] == pytest.approx(annual, abs=0.006)
            assert plan["rationale"].strip()
        record(**{scenario.id: {"seconds": round(took, 1), "stages": told["timings"]}})
