"""The five scenarios by the real embedded model on this machine: no stage fails."""

import time
from collections.abc import Callable
from subprocess import CompletedProcess

import httpx2
import orjson
import pytest

from fogbank.deployments.energygenius.scenarios import Scenario, load_scenarios
from fogbank.settings import package_data
from tests.acceptance.energygenius import STAGES, check
from tests.verify.conftest import Record

pytestmark = [pytest.mark.verify, pytest.mark.anyio, pytest.mark.engine, pytest.mark.timeout(900)]

SCENARIOS = load_scenarios(package_data())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.id)
async def test_a_scenario(web: httpx2.AsyncClient, record: Record, scenario: Scenario) -> None:
    request = scenario.request
    health = (await web.get("/energygenius/health")).json()
    began = time.monotonic()
    response = await web.post("/energygenius/api/recommend?narratives=true", json=request)
    took = time.monotonic() - began
    assert response.status_code == 200
    answer = response.json()
    check(request, answer, health["environment"]["STAGE_SECONDS"])
    stages = {name: answer["performance"][name] for name in STAGES}
    record(
        seconds=round(took, 1),
        stages={name: round(stage["totalMs"] / 1000, 1) for name, stage in stages.items()},
        prompt_tokens={name: stage["promptTokens"] for name, stage in stages.items()},
        completion_tokens={name: stage["completionTokens"] for name, stage in stages.items()},
        json_tries={name: stage["jsonTries"] for name, stage in stages.items()},
    )
    assert stages["planScoring"]["promptTokens"] <= 1000


async def test_two_models_on_the_command_line(
    command_line: Callable[..., CompletedProcess[str]], record: Record
) -> None:
    result = command_line("compare", "--scenario", "low-usage", "--json")
    assert result.returncode == 0, result.stderr
    report = orjson.loads(result.stdout)
    assert [arm["errors"] for arm in report["arms"]] == [0, 0]
    for arm in report["arms"]:
        assert all(stage["jsonValid"] == 1 for stage in arm["stages"].values())
        assert arm["neuronsPerScenario"] > 0
    # The embedded profile has one model for both names, at temperature 0.
    assert report["agreement"]["overlap"] == 1
    record(neurons=[arm["neuronsPerScenario"] for arm in report["arms"]])
