"""examples/energy-plans: three stages, what is computed, and what happens when a stage fails."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from tests.workers.catalogue_server import CatalogueServer
from tests.workers.example_workers import example
from tests.workers.tools import needs_workers

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
STEADY = [1000.0] * 12
SCORES = [
    {"index": 3, "score": 70, "reasoning": "cheap"},
    {"index": 1, "score": 90, "reasoning": "green"},
    {"index": 1, "score": 10, "reasoning": "twice"},
    {"index": 0, "score": 80, "reasoning": "free to leave"},
    {"index": 2, "score": 5, "reasoning": "dear"},
]


def body(usage: list[float], **more: Any) -> dict[str, Any]:
    months = [
        {"month": name, "usage": used, "cost": 0.15 * used}
        for name, used in zip(MONTHS, usage, strict=True)
    ]
    return {"energyUsageData": {"monthlyData": months}, **more}


@pytest.fixture(scope="module")
async def plans(
    server: CatalogueServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx2.AsyncClient]:
    async with example("energy-plans", server.url, tmp_path_factory.mktemp("plans")) as client:
        yield client


async def test_three_stages(plans: httpx2.AsyncClient, server: CatalogueServer) -> None:
    server.script.lines.append(json.dumps({"headline": "Steady."}))
    server.script.lines.append(json.dumps(SCORES))
    server.script.lines.extend([json.dumps({"rationale": "It suits."})] * 3)
    asked = body(STEADY, currentPlan={"rate": 0.15, "monthlyFee": 10})
    answer = (await plans.post("/", json=asked)).json()

    assert answer["errors"] == []
    assert answer["usage"] == {
        "totalAnnualUsage": 12_000,
        "averageMonthlyUsage": 1000,
        "peakUsageMonth": "Jan",
        "usagePattern": "consistent",
        "annualCost": 1800,
        "headline": "Steady.",
    }
    best = answer["recommendations"]
    assert [plan["score"] for plan in best] == [90, 80, 70]
    for plan in best:
        annual = round(12_000 * plan["rate"] + 12 * plan["monthlyFee"], 2)
        assert plan["annualCost"] == pytest.approx(annual, abs=0.005)
        assert plan["savings"] == pytest.approx(1920 - annual, abs=0.005)
        assert plan["rationale"] == "It suits."
    stages = ["usageSummary", "planScoring", "narrative1", "narrative2", "narrative3"]
    assert sorted(answer["timings"]) == sorted(stages)


async def test_what_the_person_will_not_take_is_not_shown(
    plans: httpx2.AsyncClient, server: CatalogueServer
) -> None:
    wishes = {"maxContractMonths": 12, "acceptVariableRates": False, "preferRenewable": True}
    await plans.post("/", json=body(STEADY, preferences=wishes))
    shown = [text for text in map(_prompt, server.asked) if "Score the five best" in text][-1]
    lines = re.findall(r"^\d+: .*? (\d+) months", shown, re.M)
    assert set(lines) == {"6", "12"}
    assert "wants renewable energy" in shown


async def test_a_model_that_cannot_is_replaced_by_sums(
    plans: httpx2.AsyncClient, server: CatalogueServer
) -> None:
    server.script.lines.clear()
    server.engine.refuse("it will not")
    answer = (await plans.post("/", json=body([300.0, *[1000.0] * 11]))).json()
    server.engine.refuse(None)
    failed = [error["stage"] for error in answer["errors"]]
    assert failed[:2] == ["usageSummary", "planScoring"]
    assert len(answer["recommendations"]) == 3
    costs = [plan["annualCost"] for plan in answer["recommendations"]]
    assert all(cost > 0 for cost in costs)
    assert answer["usage"]["usagePattern"] == "high-variance"


async def test_one_summer_is_seasonal(plans: httpx2.AsyncClient, server: CatalogueServer) -> None:
    server.engine.refuse("not asked for here")
    usage = [600.0, 600, 650, 700, 900, 1400, 1800, 1700, 1000, 700, 600, 600]
    answer = (await plans.post("/", json=body(usage))).json()
    server.engine.refuse(None)
    assert answer["usage"]["usagePattern"] == "seasonal"
    assert answer["usage"]["peakUsageMonth"] == "Jul"


async def test_refusals(plans: httpx2.AsyncClient) -> None:
    short = body(STEADY)
    short["energyUsageData"]["monthlyData"].pop()
    negative = body([-1.0, *STEADY[1:]])
    answers = [
        await plans.get("/"),
        await plans.post("/", content="{"),
        await plans.post("/", json=short),
        await plans.post("/", json=negative),
        await plans.post("/", content=" " * 1_000_001),
    ]
    assert [answer.status_code for answer in answers] == [405, 400, 400, 400, 413]
    assert all(answer.json()["error"] for answer in answers)


def _prompt(request: Any) -> str:
    return str(request.messages[-1]["content"])
