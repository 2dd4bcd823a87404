"""Two arms on the same scenarios: what is counted, and how far they agree."""

import asyncio
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.energygenius.comparison import arm_of, compared, run_of, top_agreement
from fogbank.engines.base import EngineError
from tests.deployments.energygenius.genius import (
    ACCURATE,
    FAST,
    MOUNT,
    SCENARIOS,
    genius,
    large,
)
from tests.server import live, until

plans = st.lists(st.sampled_from("abcdef"), max_size=3, unique=True)


@given(plans, plans)
def test_agreement_is_symmetric_and_between_0_and_1(first: list[str], second: list[str]) -> None:
    told = top_agreement(first, second)
    assert told == top_agreement(second, first)
    assert 0 <= told["rank"] <= 1
    assert 0 <= told["overlap"] <= 1
    assert (told["rank"] == 1) == (first == second)


@pytest.mark.parametrize(
    ("first", "second", "overlap", "rank"),
    [
        ("abc", "abc", 1, 1),
        ("abc", "def", 0, 0),
        ("abc", "acb", 1, 1 - 2 / 12),
        ("abc", "cba", 1, 1 - 4 / 12),
        ("abc", "abd", 0.6667, 1 - 2 / 12),
    ],
)
def test_agreement(first: str, second: str, overlap: float, rank: float) -> None:
    told = top_agreement(list(first), list(second))
    assert told["overlap"] == pytest.approx(overlap, abs=1e-4)
    assert told["rank"] == pytest.approx(rank, abs=1e-4)
    assert told["sameFirst"] is (first[0] == second[0])


def test_no_order_of_the_same_plans_is_worse_than_others_plans() -> None:
    ranks = [top_agreement(list("abc"), list(order))["rank"] for order in permutations("abc")]
    assert min(ranks) > 0


def answer(ms: float, tokens: int, *errors: str) -> dict[str, Any]:
    stage = {"totalMs": ms, "inferenceMs": ms, "completionTokens": tokens, "neurons": 2.0,
             "asked": 1, "answered": 1, "jsonTries": 1, "ran": True}  # fmt: skip
    told = [{"stage": name, "message": "no", "timestamp": ""} for name in errors]
    return {
        "data": {
            "recommendations": [{"planId": name} for name in "abcde"],
            "metadata": {"executionTime": ms, "errors": told},
        },
        "performance": {"usageSummary": stage, "planScoring": stage, "narrative": {"ran": False}},
    }


def test_an_arm() -> None:
    runs = [
        run_of("one", answer(1000, 10), 1100.0),
        run_of("two", answer(3000, 20, "plan-scoring"), None),
    ]
    arm = arm_of("a", runs, model="m")
    scoring = arm["stages"]["planScoring"]
    assert (scoring["p50Ms"], scoring["maxMs"], scoring["tokensPerSecond"]) == (2000, 3000, 7.5)
    assert (scoring["jsonValid"], scoring["runs"]) == (0.5, 2)
    assert arm["stages"]["usageSummary"]["jsonValid"] == 1
    assert arm["stages"]["narrative"]["runs"] == 0
    assert arm["stages"]["narrative"]["p50Ms"] is None
    assert arm["wallMs"] == {"p50Ms": 2050, "maxMs": 3000}
    assert (arm["failedRuns"], arm["errors"], arm["neuronsPerScenario"]) == (1, 1, 4.0)
    assert runs[0]["top"] == ["a", "b", "c"]


def test_an_answer_of_the_old_worker_lacks_what_it_does_not_say() -> None:
    times = {"promptBuildMs": 1, "inferenceMs": 900, "parseMs": 1, "totalMs": 902}
    old = answer(1000, 10)
    old["performance"] = {"usageSummary": times, "planScoring": times}
    arm = arm_of("cloudflare", [run_of("one", old, None)])
    assert arm["stages"]["planScoring"]["p50Ms"] == 902
    assert arm["stages"]["planScoring"]["tokensPerSecond"] is None
    assert arm["neuronsPerScenario"] is None
    both = compared([arm, arm_of("here", [run_of("one", answer(500, 10), None)])])
    assert both["agreement"]["overlap"] == 1


def test_arms_without_a_common_scenario() -> None:
    first = arm_of("a", [run_of("one", answer(1, 1), None)])
    second = arm_of("b", [run_of("two", answer(1, 1), None)])
    assert compared([first, second])["agreement"]["scenarios"] == []


@pytest.mark.anyio
async def test_over_http(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.post(f"{MOUNT}/api/compare", json={})
    told = response.json()
    assert response.status_code == 200
    assert [arm["model"] for arm in told["arms"]] == [FAST, ACCURATE]
    for arm in told["arms"]:
        assert [run["scenario"] for run in arm["runs"]] == list(SCENARIOS)
        assert arm["errors"] == 0
        for stage in arm["stages"].values():
            assert stage["runs"] == 5
            assert stage["jsonValid"] == 1
            assert stage["tokensPerSecond"] > 0
    assert told["arms"][1]["servedBy"] is None
    assert told["agreement"]["overlap"] == 1
    assert told["agreement"]["sameFirst"] == 5


@pytest.mark.anyio
async def test_an_arm_has_no_other_model_to_fall_back_on(tmp_path: Path) -> None:
    async with genius(tmp_path, tries=1) as server:
        server.engine.fail_next(EngineError("no"))
        asked = {"scenarios": ["low-usage"], "models": [FAST]}
        told = (await server.client.post(f"{MOUNT}/api/compare", json=asked)).json()
        assert large(server).started == 0
    assert told["agreement"] is None
    assert told["arms"][0]["errors"] == 1
    assert told["arms"][0]["stages"]["usageSummary"]["jsonValid"] == 0


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"models": [FAST, ACCURATE, "x"]}, "at most 2"),
        ({"models": ["x"]}, "'x' is not served here"),
        ({"models": "x"}, "models: expected a list of names"),
        ({"scenarios": []}, "no scenario given"),
        ({"scenarios": ["x"]}, "no scenario 'x'; there are: high-usage"),
    ],
)
async def test_what_cannot_be_compared(tmp_path: Path, asked: Any, said: str) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.post(f"{MOUNT}/api/compare", json=asked)
    assert response.status_code == 400
    assert said in response.json()["error"]["message"]


@pytest.mark.anyio
async def test_a_client_that_leaves_ends_a_comparison(tmp_path: Path) -> None:
    import httpx2

    async with genius(tmp_path) as server, live(server.server) as url:
        server.engine.stall()
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web:
            asked = asyncio.create_task(web.post(f"{MOUNT}/api/compare"))
            await until(lambda: server.engine.running == 1)
            asked.cancel()
            await until(lambda: server.engine.running == 0)
        assert server.engine.started == 1
