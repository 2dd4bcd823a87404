"""POST /inference/batch: shape, bounds, one step of the engine, turns shared with singles."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fogbank.engines.batcher import Batcher
from tests.deployments.esmap.esmap_server import card, esmap
from tests.deployments.esmap.test_api import CORS
from tests.server import until

pytestmark = pytest.mark.anyio


def batch(count: int, **more: Any) -> dict[str, Any]:
    inputs = [{"text": f"Text number {number}."} for number in range(count)]
    return {"modelId": "climate-bert", "inputs": inputs, **more}


async def test_a_batch(tmp_path: Path) -> None:
    async with esmap(tmp_path) as it:
        body = batch(2)
        body["inputs"].insert(1, {"words": "none"})
        answer = await it.post("/inference/batch", body)
        rows = it.rows()
    assert answer.status_code == 200
    assert {**answer.headers, **CORS} == dict(answer.headers)
    found = answer.json()
    assert list(found) == ["success", "results", "performance"]
    results = found["results"]
    assert list(results) == ["modelId", "batch_size", "successful", "failed", "results"]
    counts = (results["batch_size"], results["successful"], results["failed"])
    assert (results["modelId"], counts) == ("climate-bert", (3, 2, 1))
    first, second, third = results["results"]
    assert [each["index"] for each in (first, second, third)] == [0, 1, 2]
    assert (first["status"], first["error"]) == ("fulfilled", None)
    assert first["result"]["result"]["label"] in ("POSITIVE", "NEGATIVE")
    assert second == {
        "index": 1,
        "status": "rejected",
        "result": None,
        "error": "Input must contain a text field",
    }
    assert list(found["performance"]["timings"]) == ["inference", "total_request"]
    assert [(row["success"], row["cached"]) for row in rows] == [(1, 0), (1, 0)]


async def test_a_batch_is_not_cached(tmp_path: Path) -> None:
    async with esmap(tmp_path) as it:
        await it.infer("Text number 0.")
        for _ in range(2):
            await it.post("/inference/batch", batch(2))
        after = (await it.infer("Text number 1.")).json()
    assert it.models["climate-bert"].calls == 6
    assert after["cached"] is False


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (batch(11), "Batch size 11 exceeds maximum 10"),
        (batch(0), "Batch must contain inputs"),
        ({"modelId": "climate-bert"}, "Batch must contain inputs"),
        (batch(1, inputs={"text": "x"}), "Batch must contain inputs"),
    ],
)
async def test_too_many_or_none(tmp_path: Path, body: dict[str, Any], message: str) -> None:
    async with esmap(tmp_path) as it:
        answer = await it.post("/inference/batch", body)
    assert answer.status_code == 400
    assert answer.json()["details"] == {"type": "INVALID_INPUT", "message": message}
    assert {**answer.headers, **CORS} == dict(answer.headers)


async def test_an_unknown_model(tmp_path: Path) -> None:
    async with esmap(tmp_path) as it:
        answer = await it.post("/inference/batch", batch(1, modelId="mystery"))
    assert answer.status_code == 404


async def test_a_failure_is_a_fallback_that_says_why(tmp_path: Path) -> None:
    async def infer(input: dict[str, Any], *_: Any) -> dict[str, Any]:
        if "1" in input["text"]:
            raise RuntimeError("broken")
        return {"label": "POSITIVE"}

    async with esmap(tmp_path) as it:
        it.models["climate-bert"].infer_with = infer
        found = (await it.post("/inference/batch", batch(3))).json()["results"]
        rows = it.rows()
    assert [each["status"] for each in found["results"]] == ["fulfilled"] * 3
    assert [each["error"] for each in found["results"]] == [None, "Inference failed", None]
    assert found["results"][1]["result"]["fallback"] is True
    assert sorted(row["success"] for row in rows) == [0, 1, 1]


async def test_one_batch_is_one_step_of_the_engine(tmp_path: Path) -> None:
    """The items reach the engine's dynamic batcher together: it computes ten at once."""
    steps: list[int] = []

    def compute(texts: list[str]) -> list[int]:
        steps.append(len(texts))
        return [len(text) for text in texts]

    with ThreadPoolExecutor(1) as executor:
        batcher = Batcher(compute, executor)

        async def infer(input: dict[str, Any], *_: Any) -> dict[str, Any]:
            return {"length": await batcher.submit(input["text"], 5)}

        async with esmap(tmp_path) as it:
            it.models["climate-bert"].infer_with = infer
            found = (await it.post("/inference/batch", batch(10))).json()["results"]
        await batcher.close()
    assert steps == [10]
    assert found["successful"] == 10


async def test_a_batch_beyond_what_works_at_once(tmp_path: Path) -> None:
    async with esmap(tmp_path, card(max_concurrent=4)) as it:
        found = (await it.post("/inference/batch", batch(10))).json()["results"]
    assert found["successful"] == 10
    assert it.models["climate-bert"].most_at_once == 4


async def test_batches_and_singles_share_one_rule(tmp_path: Path) -> None:
    """Two batches that need all places, between singles: everybody is served, never too many."""
    async with esmap(tmp_path, card(max_concurrent=6, deadline=60)) as it:
        model = it.models["climate-bert"]
        answers = await asyncio.gather(
            *(it.post("/inference/batch", batch(10)) for _ in range(5)),
            *(it.infer(f"Single {number}.") for number in range(20)),
        )
        assert model.most_at_once <= 6
        assert len(it.rows()) == 70
    assert [answer.status_code for answer in answers] == [200] * 25


async def test_who_goes_away_frees_all_places(tmp_path: Path) -> None:
    async with esmap(tmp_path, card(max_concurrent=10, deadline=60)) as it:
        model = it.models["climate-bert"]
        model.gate.clear()
        asked = asyncio.create_task(it.post("/inference/batch", batch(10)))
        await until(lambda: model.working == 10)
        asked.cancel()
        await until(lambda: model.working == 0)
        model.gate.set()
        assert (await it.infer("Another.")).status_code == 200
