"""POST /inference: every row of deployments.md, A, and what a client must never see."""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fogbank import errors
from fogbank.clock import TurnedClock
from fogbank.deployments.esmap.model import InvalidInput
from fogbank.errors import AIError
from tests.deployments.esmap.esmap_server import NER, card, esmap
from tests.deployments.esmap.test_api import CORS, TIME
from tests.server import until

pytestmark = pytest.mark.anyio
STATISTICS = ["count", "average", "min", "max", "p50", "p95", "p99"]


async def test_an_inference(tmp_path: Path) -> None:
    async with esmap(tmp_path) as it:
        answer = await it.infer()
        rows = it.rows()
    assert answer.status_code == 200
    assert {**answer.headers, **CORS} == dict(answer.headers)
    body = answer.json()
    assert list(body) == ["success", "result", "cached", "performance"]
    assert (body["success"], body["cached"]) == (True, False)
    result = body["result"]
    assert result["modelId"] == "climate-bert"
    assert TIME.fullmatch(result["timestamp"])
    assert result["result"]["label"] in ("POSITIVE", "NEGATIVE")
    assert result["climate_relevance"] == 0.75
    assert result["metadata"]["modelVersion"] == "1.0.0"
    assert list(body["performance"]["timings"]) == ["inference", "total_request"]
    statistics = body["performance"]["statistics"]
    assert {name: list(found) for name, found in statistics.items()} == {
        "inference": STATISTICS,
        "total_request": STATISTICS,
    }
    assert body["performance"]["timings"]["inference"] == result["metadata"]["inferenceTime"]
    [row] = rows
    assert (row["model_id"], row["version"]) == ("climate-bert", "1.0.0")
    assert (row["success"], row["cached"], row["error_message"]) == (1, 0, None)
    assert row["tokens_used"] == 3  # the fake engine's tokens are words
    assert row["inference_time_ms"] == result["metadata"]["inferenceTime"]
    asked = json.dumps({"text": "Wind power grows."}, separators=(",", ":"))
    assert row["input_hash"] == hashlib.sha256(asked.encode()).hexdigest()
    assert "Wind" not in str(row)


async def test_the_same_again_comes_from_the_cache_byte_for_byte(tmp_path: Path) -> None:
    async with esmap(tmp_path) as it:
        first = await it.infer(options={"a": 1, "b": 2})
        again = await it.infer(options={"b": 2, "a": 1})
        rows = it.rows()
    assert it.models["climate-bert"].calls == 1
    body = again.json()
    assert (body["success"], body["cached"]) == (True, True)
    assert list(body["performance"]["timings"]) == ["total_request"]
    assert list(body["performance"]["statistics"]) == ["total_request"]
    assert body["performance"]["statistics"]["total_request"]["count"] == 2
    one, other = (answer.content.split(b',"cached":')[0] for answer in (first, again))
    assert one == other
    assert [(row["cached"], row["success"], row["tokens_used"]) for row in rows] == [
        (0, 1, 3),
        (1, 1, 0),
    ]
    assert it.metric('fogbank_esmap_cache_hits_total{model="climate-bert"}') == 1
    assert it.metric('fogbank_esmap_requests_total{model="climate-bert",outcome="cached"}') == 1


async def test_a_cached_answer_lives_an_hour(tmp_path: Path) -> None:
    clock = TurnedClock()
    async with esmap(tmp_path, clock=clock) as it:
        await it.infer()
        clock.turn(3599)
        assert (await it.infer()).json()["cached"] is True
        clock.turn(2)
        assert (await it.infer()).json()["cached"] is False


async def test_without_a_lifetime_nothing_is_cached(tmp_path: Path) -> None:
    async with esmap(tmp_path, options={"cache_ttl": 0}) as it:
        assert [(await it.infer()).json()["cached"] for _ in range(2)] == [False, False]


async def test_an_unknown_model(tmp_path: Path) -> None:
    async with esmap(tmp_path) as it:
        answer = await it.post("/inference", {"modelId": "mystery", "input": {"text": "x"}})
        assert it.rows() == []
    assert answer.status_code == 404
    assert answer.json() == {
        "success": False,
        "error": "The requested model could not be found.",
        "details": {"type": "MODEL_NOT_FOUND", "message": "Model mystery not found"},
    }
    assert {**answer.headers, **CORS} == dict(answer.headers)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "Request body is not valid JSON"),
        (b"", "Request body is not valid JSON"),
        (b"[]", "Request body must be a JSON object"),
        (b'"x"', "Request body must be a JSON object"),
        (b'{"input":{"text":"x"}}', "Request must contain a modelId"),
        (b'{"modelId":5,"input":{"text":"x"}}', "Request must contain a modelId"),
        (b'{"modelId":"climate-bert"}', "Input must contain a text field"),
        (b'{"modelId":"climate-bert","input":[]}', "Input must contain a text field"),
        (b'{"modelId":"climate-bert","input":{"text":7}}', "Input must contain a text field"),
        (b'{"modelId":"climate-bert","input":{"text":"x"},"options":[]}', None),
    ],
)
async def test_invalid_input(tmp_path: Path, body: bytes, message: str | None) -> None:
    async with esmap(tmp_path) as it:
        answer = await it.client.post("/esmap/inference", content=body)
        assert it.rows() == []
    assert answer.status_code == 400
    assert answer.json() == {
        "success": False,
        "error": "Invalid input provided. Please check your request format.",
        "details": {"type": "INVALID_INPUT", "message": message or "options must be an object"},
    }
    assert {**answer.headers, **CORS} == dict(answer.headers)


async def test_input_that_proves_invalid_at_work(tmp_path: Path) -> None:
    async def infer(*_: Any) -> dict[str, Any]:
        raise InvalidInput("Demand cannot be met")

    async with esmap(tmp_path) as it:
        it.models["climate-bert"].infer_with = infer
        answer = await it.infer()
        assert it.rows() == []
    assert answer.status_code == 400
    assert answer.json()["details"]["message"] == "Demand cannot be met"


async def test_too_large_a_body(tmp_path: Path) -> None:
    async with esmap(tmp_path, max_body_mib=0.001) as it:
        answer = await it.infer("x" * 2000)
    assert answer.status_code == 413
    assert answer.json() == {"success": False, "error": "Request body too large"}
    assert {**answer.headers, **CORS} == dict(answer.headers)


@pytest.mark.parametrize(
    ("error", "told", "reason"),
    [
        (
            AIError(errors.UPSTREAM),
            "Upstream service unavailable",
            "7009: Upstream service unavailable",
        ),
        (KeyError("/etc/secret"), "Inference failed", "KeyError: '/etc/secret'"),
        (AIError(errors.TIMEOUT), "Inference timeout", "Inference timeout: 3007: Request timeout"),
    ],
)
async def test_a_model_that_fails(tmp_path: Path, error: Exception, told: str, reason: str) -> None:
    async def infer(*_: Any) -> dict[str, Any]:
        raise error

    async with esmap(tmp_path, card(), NER) as it:
        for model in it.models.made.values():
            model.infer_with = infer
        with capture_logs() as logs:
            answers = [await it.infer() for _ in range(2)]
            other = await it.infer(modelId="energy-ner")
        rows = it.rows()
    for answer in answers:
        assert answer.status_code == 200
        body = answer.json()
        assert (body["success"], body["cached"]) == (True, False)
        assert TIME.fullmatch(body["result"].pop("timestamp"))
        assert body["result"] == {
            "modelId": "climate-bert",
            "error": told,
            "fallback": True,
            "result": {"label": "NEUTRAL", "score": 0.5, "message": "Fallback classification"},
        }
        assert "secret" not in answer.text
    assert other.json()["result"]["result"] == {
        "message": "Model temporarily unavailable",
        "fallback": True,
    }
    assert it.models["climate-bert"].calls == 2
    assert [(row["success"], row["error_message"]) for row in rows] == [(0, reason)] * 3
    assert [line["reason"] for line in logs if line["event"] == "inference failed"] == [reason] * 3


async def test_a_result_that_is_no_json_is_the_models_error(tmp_path: Path) -> None:
    async def infer(*_: Any) -> dict[str, Any]:
        return {"label": {1, 2}}

    async with esmap(tmp_path) as it:
        it.models["climate-bert"].infer_with = infer
        assert (await it.infer()).json()["result"]["fallback"] is True


async def test_a_model_that_is_late(tmp_path: Path) -> None:
    async with esmap(tmp_path, card(deadline=0.05)) as it:
        model = it.models["climate-bert"]
        model.gate.clear()
        late = (await it.infer()).json()["result"]
        model.gate.set()
        again = (await it.infer()).json()
        rows = it.rows()
    assert (late["error"], late["fallback"]) == ("Inference timeout", True)
    assert (again["cached"], "error" in again["result"]) == (False, False)
    assert [row["success"] for row in rows] == [0, 1]
    assert rows[0]["inference_time_ms"] >= 50


async def test_a_busy_runtime_is_asked_again(tmp_path: Path) -> None:
    """A moment's 3040 is nothing that a client should see; one that lasts is a timeout."""
    async with esmap(tmp_path, card(deadline=0.3)) as it:
        model, busy = it.models["climate-bert"], AIError(errors.CAPACITY)
        left = 2

        async def infer(*_: Any) -> dict[str, Any]:
            nonlocal left
            left -= 1
            if left >= 0:
                raise busy
            return {"label": "POSITIVE"}

        model.infer_with = infer
        soon = (await it.infer()).json()["result"]
        left = 1000
        never = (await it.infer("Other.")).json()["result"]
        reason = it.rows()[-1]["error_message"]
    assert soon["result"] == {"label": "POSITIVE"}
    assert never["error"] == "Inference timeout"
    assert "busy: 3040" in reason


@pytest.mark.parametrize("how", [{"implementation": "absent"}, {"config": {"unavailable": True}}])
async def test_a_model_that_cannot_work_here(tmp_path: Path, how: dict[str, Any]) -> None:
    async with esmap(tmp_path, card(), card("energy-qa", **how)) as it:
        answer = await it.infer(modelId="energy-qa")
        batch = await it.post("/inference/batch", {"modelId": "energy-qa", "inputs": [{}]})
        listed = (await it.get("/models")).json()
        rows = it.rows()
    assert answer.status_code == 200
    assert answer.json()["result"]["error"] == "Model is not available"
    assert answer.json()["result"]["fallback"] is True
    assert batch.json()["results"]["results"][0]["result"]["fallback"] is True
    assert listed["count"] == 2
    assert all(row["error_message"].endswith("nothing to compute with") for row in rows)
    assert len(rows) == 2


async def test_who_goes_away_frees_the_place(tmp_path: Path) -> None:
    async with esmap(tmp_path, card(max_concurrent=1, deadline=60)) as it:
        model = it.models["climate-bert"]
        model.gate.clear()
        asked = asyncio.create_task(it.infer())
        await until(lambda: model.working == 1)
        asked.cancel()
        await until(lambda: model.working == 0)
        model.gate.set()
        assert (await it.infer("Another.")).status_code == 200
        assert len(it.rows()) == 1


async def test_more_than_may_wait(tmp_path: Path) -> None:
    async with esmap(tmp_path, card(max_concurrent=1, max_waiting=1, deadline=60)) as it:
        model = it.models["climate-bert"]
        model.gate.clear()
        asked = [asyncio.create_task(it.infer(f"Text {number}.")) for number in range(2)]
        await until(lambda: model.working == 1)
        refused = [await it.infer("More."), await it.post("/inference/batch", BATCH)]
        model.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*asked)] == [200, 200]
        assert len(it.rows()) == 2
    for answer in refused:
        assert answer.status_code == 429
        assert answer.json()["success"] is False
        assert answer.headers["retry-after"] == "1"
        assert {**answer.headers, **CORS} == dict(answer.headers)


BATCH = {"modelId": "climate-bert", "inputs": [{"text": f"Text {n}."} for n in range(3)]}


async def test_waiting_counts_against_no_deadline(tmp_path: Path) -> None:
    """Forty that take a tenth of the deadline each, two at once: all of them are answered."""

    async def infer(*_: Any) -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"label": "POSITIVE"}

    async with esmap(tmp_path, card(max_concurrent=2, deadline=0.2)) as it:
        model = it.models["climate-bert"]
        model.infer_with = infer
        answers = await asyncio.gather(*(it.infer(f"Text {n}.") for n in range(40)))
        rows = it.rows()
    assert model.most_at_once == 2
    assert all("fallback" not in answer.json()["result"] for answer in answers)
    assert len({row["id"] for row in rows}) == 40
    assert all(row["success"] for row in rows)


async def test_a_stand_in_is_named(tmp_path: Path) -> None:
    from fogbank.tasks import RerankingRequest
    from tests.server import RERANK, STANDING_IN

    async def infer(input: Any, options: Any, call: Any) -> dict[str, Any]:
        await call.run(RERANK, RerankingRequest("q", ("a", "b")))
        return {"label": "POSITIVE"}

    async with esmap(tmp_path) as it:
        it.models["climate-bert"].infer_with = infer
        answers = [await it.infer() for _ in range(2)]
        batch = await it.post("/inference/batch", BATCH)
    for answer in (*answers, batch):
        assert answer.headers["x-fogbank-served-by"] == STANDING_IN
    assert answers[1].json()["cached"] is True
