"""Models that fail, stall, die or write nonsense: the answer comes, and says what happened."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fogbank.engines.base import EngineError
from fogbank.tasks import TextGenerationRequest
from tests.deployments.energygenius.genius import (
    ACCURATE,
    FAST,
    MOUNT,
    body,
    genius,
    large,
    recommend,
    writes,
)
from tests.server import Running, live, until

pytestmark = pytest.mark.anyio
ALL = "?narratives=true"


def stages(answer: dict[str, Any]) -> list[str]:
    return [error["stage"] for error in answer["data"]["metadata"]["errors"]]


async def test_a_second_try_is_enough(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        server.engine.fail_next(EngineError("once"))
        answer = await recommend(server, body())
        assert large(server).started == 0
    assert stages(answer) == []
    assert answer["performance"]["usageSummary"]["asked"] == 2
    assert answer["performance"]["usageSummary"]["model"] == FAST
    assert answer["performance"]["planScoring"]["asked"] == 1


async def test_the_accurate_model_takes_over(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        for _ in range(2):
            server.engine.fail_next(EngineError("again"))
        answer = await recommend(server, body(), ALL)
    assert stages(answer) == []
    summary = answer["performance"]["usageSummary"]
    assert (summary["model"], summary["asked"], summary["answered"]) == (ACCURATE, 3, 1)
    assert answer["performance"]["planScoring"]["model"] == FAST


async def test_what_no_model_says_is_computed(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        for engine in (server.engine, large(server)):
            engine.refuse("not today")
        answer = await recommend(server, body(), ALL)
    assert stages(answer) == ["usage-summary", "plan-scoring", *["narrative"] * 3]
    for error in answer["data"]["metadata"]["errors"]:
        assert error.keys() == {"stage", "message", "timestamp"}
        assert "not today" in error["message"]
        assert FAST in error["message"]
        assert ACCURATE in error["message"]
    plans = answer["data"]["recommendations"]
    assert len(plans) == 10
    assert all(plan["scoredBy"] == "computed" for plan in plans)
    assert all(plan["score"] == plan["computedScore"] for plan in plans)
    assert [plan["score"] for plan in plans] == sorted((p["score"] for p in plans), reverse=True)
    assert all(plan["rationale"] for plan in plans[:3])
    assert answer["data"]["usageSummary"]["overview"].startswith("High use")
    # A refusal is final: the fast model is not asked the same thing twice.
    assert answer["performance"]["planScoring"]["asked"] == 2
    assert answer["performance"]["planScoring"]["answered"] == 0


async def test_json_that_never_fits(tmp_path: Path) -> None:
    def nonsense(request: TextGenerationRequest) -> str:
        return '{"overview": 5}' if "overview" in request.constraint.text else writes(request)  # type: ignore[union-attr]

    async with genius(tmp_path, nonsense) as server:
        answer = await recommend(server, body())
    assert stages(answer) == ["usage-summary"]
    assert "JSON Mode couldn't be met" in answer["data"]["metadata"]["errors"][0]["message"]
    assert answer["data"]["recommendations"][0]["scoredBy"] == "model"


async def test_a_model_that_stalls_leaves_time_for_the_other(tmp_path: Path) -> None:
    async with genius(tmp_path, stage_seconds=1) as server:
        server.engine.stall()
        answer = await recommend(server, body())
    assert stages(answer) == []
    for stage in ("usageSummary", "planScoring"):
        assert answer["performance"][stage]["model"] == ACCURATE
        assert answer["performance"][stage]["asked"] == 3


async def test_the_deadline_of_a_stage(tmp_path: Path) -> None:
    async with genius(tmp_path, stage_seconds=0.4) as server:
        for engine in (server.engine, large(server)):
            engine.stall()
        answer = await recommend(server, body(), ALL)
        await until(lambda: server.engine.running == 0)
    assert stages(answer) == ["usage-summary", "plan-scoring", *["narrative"] * 3]
    assert "timeout" in answer["data"]["metadata"]["errors"][0]["message"].lower()


async def test_engines_that_died(tmp_path: Path) -> None:
    async with genius(tmp_path, stage_seconds=0.5) as server:
        for engine in (server.engine, large(server)):
            engine.die()
        answer = await recommend(server, body())
    assert answer["data"]["recommendations"]


async def test_models_that_are_not_served(tmp_path: Path) -> None:
    async with genius(tmp_path, ai_model_fast="@cf/no/such", ai_model_accurate=None) as server:
        health = (await server.client.get(f"{MOUNT}/health")).json()
        answer = await recommend(server, body())
    assert health["status"] == "ok"
    assert health["bindings"]["ai"] is False
    assert stages(answer) == ["usage-summary", "plan-scoring"]
    assert "No such model @cf/no/such" in answer["data"]["metadata"]["errors"][0]["message"]


async def test_no_plan_suits(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        answer = await recommend(server, body(maxContractMonths=1), ALL)
        assert not any("Plans:" in str(request) for request in server.engine.requests)
    assert answer["data"]["recommendations"] == []
    assert stages(answer) == ["plan-scoring"]
    message = answer["data"]["metadata"]["errors"][0]["message"]
    assert "maxContractMonths is 1" in message
    assert "acceptVariableRates" in message


async def test_an_index_that_comes_twice(tmp_path: Path) -> None:
    def twice(request: TextGenerationRequest) -> str:
        written = writes(request)
        return written.replace('"index":2', '"index":1').replace('"index":3', '"index":1')

    async with genius(tmp_path, twice, score_margin=None) as server:
        plans = (await recommend(server, body()))["data"]["recommendations"]
    assert len({plan["planId"] for plan in plans}) == len(plans) == 5
    assert sorted(plan["scoredBy"] for plan in plans) == ["computed"] * 2 + ["model"] * 3


async def test_fifty_at_once(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        answers = await asyncio.gather(*(recommend(server, body(), ALL) for _ in range(50)))
    assert all(stages(answer) == [] for answer in answers)
    found = [answer["data"]["recommendations"] for answer in answers]
    assert all(each == found[0] for each in found)
    ids = {answer["data"]["metadata"]["requestId"] for answer in answers}
    assert len(ids) == 50


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
async def test_a_client_that_leaves_ends_the_work(tmp_path: Path, accept: str) -> None:
    async with genius(tmp_path) as server, live(server.server) as url:
        server.engine.stall()
        asked = asyncio.create_task(_ask(server, url, accept))
        await until(lambda: server.engine.running == 1)
        asked.cancel()
        await until(lambda: server.engine.running == 0)
        assert server.engine.aborted == 1
        server.engine.release()
        assert server.engine.started == 1


async def _ask(server: Running, url: str, accept: str) -> None:
    import httpx2

    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web:
        await web.post(f"{MOUNT}/api/recommend", json=body(), headers={"accept": accept})


async def test_log_lines_in_the_contracts_words(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        with capture_logs() as logs:
            await recommend(server, body(), ALL)
    lines = [str(entry["event"]) for entry in logs]
    for stage in ("usage-summary", "plan-scoring", "narrative"):
        said = [line for line in lines if line.startswith(f"[PERF] [{stage}] ")]
        names = [line.removeprefix(f"[PERF] [{stage}] ").partition(":")[0] for line in said]
        assert names == [
            "Model", "Prompt Build", "AI Inference", "Response Parse", "Total Duration"
        ]  # fmt: skip
        assert said[0].endswith(FAST)
        assert all(line.endswith("ms") for line in said[1:])
    totals = [line for line in lines if line.startswith("[PERF] [SUMMARY] Total Inference Time: ")]
    assert len(totals) == 1
    last = [line for line in lines if line.startswith("[PIPELINE] ")][-1]
    assert last.startswith("[PIPELINE] Pipeline completed in ")
    assert last.endswith("ms with 0 errors")
