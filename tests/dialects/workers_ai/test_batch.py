"""Asynchronous batches over REST (contract 5.1)."""

import asyncio
import sqlite3
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest

from fogbank.clock import TurnedClock
from fogbank.dialects.workers_ai import batch as queue
from fogbank.dialects.workers_ai import batch_input, batch_item
from fogbank.engines.base import EngineDead, EngineRefused
from fogbank.storage.batches import Batch, BatchStore
from fogbank.tasks import TextGenerationRequest
from tests.server import (
    ABSENT,
    ACCOUNT,
    CHAT,
    CLASSIFY,
    EMBED,
    RUN,
    TEXT,
    Running,
    profile,
    running,
    settings,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.contract("5.1")]
QUEUE = "?queueRequest=true"


async def submit(fogbank: Running, model: str, *items: Any, **options: Any) -> str:
    response = await fogbank.run(model + QUEUE, {"requests": list(items)}, **options)
    assert response.status_code == 200, response.text
    result = response.json()["result"]
    assert result == {"status": "queued", "request_id": result["request_id"], "model": model}
    assert str(uuid.UUID(result["request_id"])) == result["request_id"]
    return str(result["request_id"])


async def poll(fogbank: Running, model: str, batch: str, **options: Any) -> dict[str, Any]:
    response = await fogbank.run(model + QUEUE, {"request_id": batch}, **options)
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()["result"]
    return result


async def done(fogbank: Running, model: str, batch: str) -> dict[str, Any]:
    async with asyncio.timeout(5):
        while "responses" not in (result := await poll(fogbank, model, batch)):
            assert result["status"] in ("queued", "running")
            assert result["request_id"] == batch
            await asyncio.sleep(0.01)
    return result


async def test_from_queue_to_responses(fogbank: Running) -> None:
    items = [{"prompt": "one two", "external_reference": "a"}, {"prompt": "three"}]
    result = await done(fogbank, TEXT, await submit(fogbank, TEXT, *items))
    first, second = sorted(result["responses"], key=lambda answer: answer["id"])
    assert (first["id"], first["success"], first["external_reference"]) == (0, True, "a")
    assert first["result"]["response"] == "one two"
    assert (second["external_reference"], second["result"]["response"]) == (None, "three")
    assert result["usage"]["prompt_tokens"] == 3
    assert result["usage"]["total_tokens"] == 6


async def test_every_task_and_a_bare_request_id(fogbank: Running) -> None:
    batch = await submit(fogbank, EMBED, {"text": ["a", "b"]}, {"text": "c", "pooling": "cls"})
    result = await done(fogbank, EMBED, batch)
    assert [answer["result"]["shape"] for answer in result["responses"]] == [[2, 384], [1, 384]]
    response = await fogbank.run(EMBED, {"request_id": batch})
    assert response.json()["result"] == result
    batch = await submit(fogbank, CLASSIFY, {"text": "good"})
    assert len((await done(fogbank, CLASSIFY, batch))["responses"][0]["result"]) == 2


async def test_items_run_at_low_priority(fogbank: Running) -> None:
    await done(fogbank, TEXT, await submit(fogbank, TEXT, {"prompt": "a", "stream": True}))
    await fogbank.run(TEXT, {"prompt": "b"})
    batched, alive = fogbank.engine.requests
    assert isinstance(batched, TextGenerationRequest)
    assert isinstance(alive, TextGenerationRequest)
    assert (batched.low_priority, alive.low_priority) == (True, False)


async def test_running_and_live_traffic_beside_it(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(max_concurrent=4)) as fogbank:
        fogbank.engine.stall()
        batch = await submit(fogbank, TEXT, *[{"prompt": f"p{n}"} for n in range(9)])
        await until(lambda: fogbank.engine.running == 3)
        assert (await poll(fogbank, TEXT, batch))["status"] == "running"
        body = {"prompt": "live", "options": {"rejectIfBusy": True}}
        task = asyncio.create_task(fogbank.run(TEXT, body))
        await until(lambda: fogbank.engine.running == 4)
        fogbank.engine.release()
        assert (await task).json()["result"]["response"] == "live"
        assert len((await done(fogbank, TEXT, batch))["responses"]) == 9


async def test_a_busy_engine_does_not_hold_up_the_batches_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "PLACES", 2)
    async with running(settings(tmp_path)) as fogbank:
        fogbank.engine.stall()
        await submit(fogbank, TEXT, *[{"prompt": "a"}] * 3)
        await until(lambda: fogbank.engine.running == 2)
        result = await done(fogbank, EMBED, await submit(fogbank, EMBED, {"text": "b"}))
        assert result["responses"][0]["success"] is True


async def test_one_item_fails(fogbank: Running) -> None:
    items = [{"prompt": "a", "max_tokens": 5000, "external_reference": "x"}, {"prompt": "b"}]
    failed, good = (await done(fogbank, TEXT, await submit(fogbank, TEXT, *items)))["responses"]
    error = failed["errors"][0]
    assert failed == {
        "id": 0,
        "external_reference": "x",
        "result": {},
        "success": False,
        "errors": [error],
    }
    assert error["code"] == 5021
    assert "(5001)" in error["message"]
    assert good["success"] is True


async def test_answers_have_a_bound(fogbank: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few kilobytes can ask for gigabytes of vectors, which are fetched at once."""
    monkeypatch.setattr(queue, "MAX_ANSWERS", 20_000)
    items = [{"text": "a", "external_reference": str(n)} for n in range(4)]
    answers = (await done(fogbank, EMBED, await submit(fogbank, EMBED, *items)))["responses"]
    good = [answer for answer in answers if answer["success"]]
    assert 1 <= len(good) < 4
    assert sum(len(orjson.dumps(answer)) for answer in good) <= 20_000
    bad = [answer for answer in answers if not answer["success"]]
    assert {answer["errors"][0]["code"] for answer in bad} == {3006}
    assert [answer["external_reference"] for answer in answers] == ["0", "1", "2", "3"]


async def test_what_passes_is_tried_again(
    fogbank: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_item, "PAUSE", 0.001)
    fogbank.engine.fail_next(EngineDead("gone"))
    result = await done(fogbank, TEXT, await submit(fogbank, TEXT, {"prompt": "a"}))
    assert result["responses"][0]["result"]["response"] == "a"
    fogbank.engine.fail_next(EngineRefused("no"))
    result = await done(fogbank, TEXT, await submit(fogbank, TEXT, {"prompt": "a"}))
    assert result["responses"][0]["errors"][0]["code"] == 8001
    for _ in range(batch_item.TRIES):
        fogbank.engine.fail_next(EngineDead("gone"))
    result = await done(fogbank, TEXT, await submit(fogbank, TEXT, {"prompt": "a"}))
    assert result["responses"][0]["errors"][0]["code"] == 7009
    fogbank.engine.fail_next(RuntimeError("bug"))
    result = await done(fogbank, TEXT, await submit(fogbank, TEXT, {"prompt": "a"}))
    assert result["responses"][0]["errors"][0]["message"] == "Upstream service unavailable"


@pytest.mark.contract("2.3")
@pytest.mark.parametrize(
    ("model", "body", "part"),
    [
        (EMBED, {"requests": [{"text": "a"}, {"x": 1}]}, "'/requests/1' are 'text'"),
        (TEXT, {"requests": [{"prompt": 5}]}, "'/requests/0/prompt', 'string' not in 'integer'"),
        (TEXT, {"requests": ["x"]}, "'/requests/0', 'object' not in 'string'"),
        (TEXT, {"requests": 5}, "'/requests', 'array' not in 'integer'"),
        (TEXT, {"prompt": "a"}, "required properties at '/' are 'requests'"),
        (TEXT, [], "'/', 'object' not in 'array'"),
        (TEXT, {"request_id": 5}, "required properties at '/' are 'requests'"),
    ],
)
async def test_checked_before_it_is_queued(
    fogbank: Running, model: str, body: Any, part: str
) -> None:
    response = await fogbank.run(model + QUEUE, body)
    (error,) = response.json()["errors"]
    assert (response.status_code, error["code"]) == (400, 5006)
    assert part in error["message"]


async def test_other_refusals(fogbank: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    response = await fogbank.run(TEXT + QUEUE, {"requests": []})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 8001)
    response = await fogbank.run(ABSENT + QUEUE, {"requests": [{"prompt": "a"}]})
    assert response.json()["errors"][0]["code"] == 5018
    monkeypatch.setattr(batch_input, "MAX_ITEMS", 2)
    response = await fogbank.run(TEXT + QUEUE, {"requests": [{"never": "read"}] * 3})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (413, 3006)
    response = await fogbank.run(TEXT + QUEUE, {"requests": [{"prompt": "a" * 10_000_000}]})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (413, 3006)
    text = '{"requests": [{"prompt": "a", "external_reference": DEEP}]}'
    content = text.replace("DEEP", '{"a":' * 300 + "{}" + "}" * 300)
    response = await fogbank.client.post(RUN + TEXT + QUEUE, content=content)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 8001)
    assert fogbank.engine.started == 0


async def test_only_its_owner_sees_it(fogbank: Running) -> None:
    batch = await submit(fogbank, TEXT, {"prompt": "a"})
    await done(fogbank, TEXT, batch)
    body = {"request_id": batch}
    other = f"/client/v4/accounts/{'0' * 32}/ai/run/{TEXT}{QUEUE}"
    for url in (other, RUN + CHAT + QUEUE):
        response = await fogbank.client.post(url, json=body)
        assert (response.status_code, response.json()["errors"][0]["code"]) == (400, 8001)
    response = await fogbank.run(TEXT + QUEUE, {"request_id": "nothing"})
    assert response.json()["errors"][0]["code"] == 8001
    response = await fogbank.client.post(RUN.lower() + TEXT, json=body)
    assert response.status_code == 200


async def test_not_another_key(tmp_path: Path) -> None:
    async with running(settings(tmp_path, keys="always")) as fogbank:
        mine, other = (
            {"authorization": f"Bearer {fogbank.server.guard._keys.create(name)}"}
            for name in ("mine", "other")
        )
        batch = await submit(fogbank, TEXT, {"prompt": "a"}, headers=mine)
        response = await fogbank.run(TEXT, {"request_id": batch}, headers=other)
        assert response.json()["errors"][0]["code"] == 8001
        assert (await fogbank.run(TEXT, {"request_id": batch}, headers=mine)).status_code == 200


async def test_results_are_kept_for_a_time(tmp_path: Path) -> None:
    clock = TurnedClock()
    async with running(settings(tmp_path, batch_keep=2), clock=clock) as fogbank:
        batch = await submit(fogbank, TEXT, {"prompt": "a"})
        await done(fogbank, TEXT, batch)
        clock.turn(7100)
        assert "responses" in await poll(fogbank, TEXT, batch)
        clock.turn(200)
        response = await fogbank.run(TEXT, {"request_id": batch})
        assert response.json()["errors"][0]["code"] == 8001


async def test_a_batch_goes_on_after_trouble_with_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: Any) -> None:
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(queue, "ROUND", 0.02)
    with monkeypatch.context() as broken:
        broken.setattr(BatchStore, "finish_item", locked)
        broken.setattr(BatchStore, "forget", locked)
        async with running(settings(tmp_path)) as fogbank:
            request_id = await submit(fogbank, TEXT, {"prompt": "a"})
            await until(lambda: fogbank.engine.started >= 2)
            broken.undo()
            result = await done(fogbank, TEXT, request_id)
            assert result["responses"][0]["success"] is True


async def test_a_server_takes_over_from_one_that_died_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "ROUND", 0.02)
    async with running(settings(tmp_path)) as fogbank:
        other = BatchStore(tmp_path / "fogbank.db")
        row = Batch("left", TEXT, ACCOUNT.lower(), None, 1, 0, None)
        other.add(row, [b'{"prompt":"a"}'], 1)
        await asyncio.sleep(0.05)
        assert fogbank.engine.started == 0
        other._lock.close()  # as a killed process does
        assert len((await done(fogbank, TEXT, "left"))["responses"]) == 1
        other._connection.close()


async def test_a_restart_goes_on_where_it_was(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(max_concurrent=2)) as fogbank:
        fogbank.engine.slow(0.01)
        batch = await submit(fogbank, TEXT, *[{"prompt": f"p{n}"} for n in range(6)])
        await until(lambda: fogbank.engine.started >= 3)
        fogbank.engine.stall()
        before = fogbank.engine.started
        assert before < 6
    async with running(settings(tmp_path)) as fogbank:
        result = await done(fogbank, TEXT, batch)
        assert [answer["result"]["response"] for answer in result["responses"]] == [
            f"p{n}" for n in range(6)
        ]
        assert 6 - before <= fogbank.engine.started < 6


async def test_a_query_in_any_bytes_is_read(fogbank: Running) -> None:
    """Percent-encoded octets that are no ASCII, beside the parameter and in it."""
    asked = {"requests": [{"prompt": "a"}]}
    for query in ("?queueRequest=true&%CA%87=%F4%80", "?%C3%B1=1&queueRequest=true"):
        answer = await fogbank.client.post(RUN + TEXT + query, json=asked)
        assert answer.json()["result"]["status"] == "queued", answer.text
    answer = await fogbank.client.post(RUN + TEXT + "?queueRequest=tr%C3%BCe", json={"prompt": "a"})
    assert answer.json()["result"]["response"]
