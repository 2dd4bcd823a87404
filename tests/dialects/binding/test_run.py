"""Contract 6.2 and 6.3: one run, its answer bare."""

import asyncio
import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.dialects.binding.calls import RUN, ZEROS, call, consn
from tests.dialects.proof import HEADER, proven
from tests.server import (
    CHAT,
    CLASSIFY,
    EMBED,
    IMAGES,
    NER,
    RERANK,
    SPEECH,
    STAND_IN,
    STANDING_IN,
    TEXT,
    Running,
    events,
    profile,
    running,
    settings,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.mark.contract("6.2", "6.3", "clients 4")
@pytest.mark.parametrize(
    ("model", "inputs"),
    [
        (TEXT, {"prompt": "say hello"}),
        (CHAT, {"messages": [{"role": "user", "content": "say hello"}]}),
        (EMBED, {"text": ["a", "b"]}),
        (CLASSIFY, {"text": "good"}),
        (NER, {"text": "Ada in Lisbon"}),
        (RERANK, {"query": "a", "contexts": [{"text": "a"}, {"text": "b"}]}),
        (SPEECH, {"audio": [1, 2, 3]}),
        (SPEECH, {"audio": {"0": 1, "1": 2, "2": 3}}),
        (IMAGES, {"image": [1, 2, 3]}),
    ],
)
async def test_the_bare_answer_is_rests_result(fogbank: Running, model: str, inputs: Any) -> None:
    answer = await call(fogbank, model, inputs)
    rest = await fogbank.run(model, inputs)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert len(answer.headers["cf-ai-req-id"]) == 36
    assert _timeless(answer.json()) == _timeless(rest.json()["result"])


def _timeless(result: Any) -> Any:
    if isinstance(result, dict):
        return {name: result[name] for name in result if name not in ("id", "created")}
    return result


@pytest.mark.contract("6.3", "clients 5")
async def test_a_stream(fogbank: Running) -> None:
    answer = await call(fogbank, TEXT, {"prompt": "one two", "stream": True})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cf-ai-req-id"]
    *said, usage, done = events(answer.text)
    assert [orjson.loads(event)["response"] for event in said] == ["one", " two"]
    assert orjson.loads(usage)["usage"]["completion_tokens"] == 2
    assert done == "[DONE]"


@pytest.mark.contract("6.2")
@pytest.mark.parametrize("name", [TEXT, f"dev:{TEXT}", f"a-b_c:{TEXT}"])
async def test_a_prefix_before_the_model(fogbank: Running, name: str) -> None:
    assert (await call(fogbank, name, {"prompt": "a"})).json()["response"] == "a"


@pytest.mark.contract("6.2")
@pytest.mark.parametrize(
    "options",
    [
        {},
        None,
        "text",
        {"tags": ["a"], "rejectAsync": True, "returnRawResponse": True, "other": 123},
        {"headers": {"x-session-affinity": "ses_1"}, "websocket": True, "signal": {}},
        {"queueRequest": False, "rejectIfBusy": False},
        {"queueRequest": "no", "gateway": None},
    ],
)
async def test_options_that_change_nothing(fogbank: Running, options: Any) -> None:
    body = {"inputs": {"prompt": "a"}, "options": options}
    answer = await fogbank.client.post(RUN, json=body, headers=consn(TEXT))
    assert answer.status_code == 200, answer.text
    assert answer.json()["response"] == "a"


async def test_options_may_be_absent(fogbank: Running) -> None:
    answer = await fogbank.client.post(RUN, json={"inputs": {"prompt": "a"}}, headers=consn(TEXT))
    assert answer.json()["response"] == "a"


@pytest.mark.contract("6.2")
async def test_reject_if_busy(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(max_concurrent=1)) as it:
        it.engine.stall()
        running_one = asyncio.create_task(call(it, TEXT, {"prompt": "a"}))
        await until(lambda: it.engine.running == 1)
        refused = await call(it, TEXT, {"prompt": "b"}, {"rejectIfBusy": True})
        it.engine.release()
        assert (refused.status_code, refused.json()["internalCode"]) == (429, 3040)
        assert refused.headers["retry-after"] == "1"
        assert (await running_one).status_code == 200
        assert (await call(it, TEXT, {"prompt": "b"}, {"rejectIfBusy": True})).status_code == 200


@pytest.mark.contract("3.4", "6.2", "6.3")
async def test_json_mode_whole_and_streamed(fogbank: Running) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "null"}}, "required": ["a"]}
    inputs = {
        "prompt": "a",
        "response_format": {"type": "json_schema", "json_schema": schema},
    }
    whole = await call(fogbank, TEXT, inputs)
    assert whole.json()["response"] == {"a": None}
    proven(whole.headers[HEADER])
    streamed = await call(fogbank, TEXT, inputs | {"stream": True})
    *pieces, last = map(orjson.loads, events(streamed.text)[:-1])
    assert orjson.loads("".join(piece["response"] for piece in pieces)) == {"a": None}
    proven(last["structured_output"])


@pytest.mark.contract("6.2", "5.1")
async def test_a_batch(fogbank: Running) -> None:
    requests = [{"text": "a", "external_reference": "r1"}, {"text": "b"}]
    taken = await call(fogbank, EMBED, {"requests": requests}, {"queueRequest": True})
    ticket = taken.json()
    assert (taken.status_code, ticket["status"], ticket["model"]) == (200, "queued", EMBED)
    fetch = {"request_id": ticket["request_id"]}
    while "responses" not in (found := (await call(fogbank, EMBED, fetch)).json()):
        assert found["status"] in ("queued", "running")
    references = [row["external_reference"] for row in found["responses"]]
    assert references == ["r1", None]
    rest = f"/client/v4/accounts/{ZEROS}/ai/run/{EMBED}"
    same = await fogbank.client.post(rest, json=fetch)
    assert same.json()["result"] == found, "the same account over REST"


async def test_requests_need_queue_request(fogbank: Running) -> None:
    answer = await call(fogbank, EMBED, {"requests": [{"text": "a"}]})
    assert (answer.status_code, answer.json()["internalCode"]) == (400, 8001)
    assert answer.json()["description"] == "Invalid input: 'requests' needs queueRequest=true"


@pytest.mark.contract("1.2")
async def test_a_stand_in_is_named(fogbank: Running) -> None:
    answer = await call(fogbank, STAND_IN, {"prompt": "a"})
    assert answer.headers["x-fogbank-served-by"] == STANDING_IN


@pytest.mark.contract("6.1")
async def test_the_legacy_version_sends_gzip(fogbank: Running) -> None:
    """As `env.AI` did while its URL still said version 2."""
    body = gzip.compress(orjson.dumps({"inputs": {"prompt": "a"}, "options": {}}))
    headers = consn(TEXT) | {"content-encoding": "gzip"}
    for path in ("/run?version=2", RUN):
        answer = await fogbank.client.post(path, content=body, headers=headers)
        assert answer.json()["response"] == "a"


async def test_the_version_with_tensors_is_refused(fogbank: Running) -> None:
    answer = await call(fogbank, TEXT, {"prompt": "a"}, path="/run?version=1")
    assert (answer.status_code, answer.json()["internalCode"]) == (405, 5019)
