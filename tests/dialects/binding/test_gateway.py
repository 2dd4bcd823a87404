"""Contract 6.1 and 6.5: `env.AI.run(..., {gateway})` and `env.AI.gateway(id).run(...)`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fogbank.dialects.ai_gateway.options import Options, from_binding, from_headers
from fogbank.engines.base import EngineDead, EngineOverloaded
from fogbank.errors import AIError
from tests.dialects.binding.calls import (
    GATEWAY_RUN,
    LOGS,
    PROXY,
    ZEROS,
    call,
    consn,
    miniflare,
    proxied,
    through,
)
from tests.server import (
    ACCOUNT,
    CLASSIFY,
    EMBED,
    NER,
    TEXT,
    Running,
    events,
    running,
    settings,
)

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "say hello", "temperature": 0}
HEADERS = consn(TEXT)
UNIVERSAL = "/ai-gateway/universal/run/mine"


@pytest.mark.contract("6.1", "6.3", "6.5")
async def test_the_answer_is_bare(fogbank: Running) -> None:
    answer = await through(fogbank, PROMPT)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == (await call(fogbank, TEXT, PROMPT)).json()
    assert len(answer.headers["cf-aig-log-id"]) == len(answer.headers["cf-ai-req-id"]) == 36
    assert answer.headers["cf-aig-step"] == "0"
    assert "cf-aig-cache-status" not in answer.headers


@pytest.mark.contract("6.3", "6.5")
async def test_a_stream(fogbank: Running) -> None:
    answer = await through(fogbank, PROMPT | {"stream": True})
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cf-aig-log-id"]
    said = [orjson.loads(event) for event in events(answer.text)[:-1]]
    assert "".join(event["response"] for event in said) == "say hello"


@pytest.mark.contract("6.4", "6.5")
async def test_errors_have_the_bindings_form(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("gone"))
    dead = await through(fogbank, PROMPT)
    assert (dead.status_code, dead.json()["internalCode"]) == (502, 7009)
    assert dead.headers["cf-aig-log-id"]
    for model, inputs, code in (
        ("@cf/no", PROMPT, 5007),
        (TEXT, {}, 5006),
        (None, PROMPT, 3003),
    ):
        told = await call(fogbank, model, inputs, {"gateway": {"id": "mine"}}, path=GATEWAY_RUN)
        assert told.json()["internalCode"] == code
        assert told.headers["cf-ai-req-id"]


@pytest.mark.parametrize(
    ("gateway", "reason"),
    [
        (None, "'options.gateway.id' must be a text"),
        ({}, "'options.gateway.id' must be a text"),
        ({"id": 5}, "'options.gateway.id' must be a text"),
        ({"id": "a", "cacheTtl": "soon"}, "'options.gateway.cacheTtl' must be a number"),
        (
            {"id": "a", "retries": {"backoff": "slow"}},
            "'options.gateway.backoff' must be one of constant, linear, exponential",
        ),
        ({"id": "a", "metadata": [1]}, "'options.gateway.metadata' must be a JSON object"),
        (
            {"id": "a", "metadata": {"a": {}}},
            "'options.gateway.metadata' may hold texts, numbers and booleans only",
        ),
    ],
)
async def test_options_that_are_wrong(fogbank: Running, gateway: Any, reason: str) -> None:
    answer = await call(fogbank, TEXT, PROMPT, {"gateway": gateway}, path=GATEWAY_RUN)
    told = answer.json()
    assert (told["internalCode"], told["description"]) == (8001, f"Invalid input: {reason}")


async def test_inputs_without_end(fogbank: Running) -> None:
    body = b'{"inputs":' + b'{"a":' * 300 + b"1" + b"}" * 300
    body += b',"options":{"gateway":{"id":"a"}}}'
    answer = await fogbank.client.post(GATEWAY_RUN, content=body, headers=HEADERS)
    assert answer.json()["internalCode"] == 8001


@pytest.mark.contract("6.5", "1.7")
async def test_the_cache(fogbank: Running) -> None:
    first = await through(fogbank, PROMPT, cacheTtl=60)
    second = await through(fogbank, PROMPT, cacheTtl=60, metadata={"user": "b"})
    assert first.headers["cf-aig-cache-status"] == "MISS"
    assert second.headers["cf-aig-cache-status"] == "HIT"
    assert second.headers["content-type"] == "application/json"
    assert second.json() == first.json()
    assert fogbank.engine.started == 1
    assert len(second.headers["cf-ai-req-id"]) == 36
    assert second.headers["cf-ai-req-id"] != first.headers["cf-ai-req-id"]
    for ttl, skip in ((60, True), (0, False)):
        again = await through(fogbank, PROMPT, cacheTtl=ttl, skipCache=skip)
        assert "cf-aig-cache-status" not in again.headers
    assert fogbank.engine.started == 3


@pytest.mark.contract("6.5")
async def test_the_cache_knows_models_apart(fogbank: Running) -> None:
    """Though the model is in a header only, and two may run on one engine."""
    inputs = {"text": "Ada in Lisbon"}
    answers = {}
    for _ in range(2):
        for model in (CLASSIFY, NER, EMBED, f"dev:{EMBED}"):
            for name in ({}, {"cacheKey": "mine"}):
                answer = await through(fogbank, inputs, model, cacheTtl=60, **name)
                assert answer.json() == (await call(fogbank, model, inputs)).json()
                answers[model, *name] = answer.headers["cf-aig-cache-status"]
    assert set(answers.values()) == {"HIT"}
    for model in ("@cf/test/no-json", "@cf/test/chat"):
        other = await through(fogbank, PROMPT, model, cacheTtl=60, cacheKey="text")
        assert other.headers["cf-aig-cache-status"] == "MISS"


@pytest.mark.contract("6.5")
async def test_a_query_is_no_way_around_the_cache(fogbank: Running) -> None:
    """Inputs of a stream stand in the query; there is none through a gateway."""
    body = {"inputs": PROMPT, "options": {"gateway": {"id": "mine", "cacheTtl": 60}}}
    for query in ("&userInputs=%7B%22prompt%22%3A%22another%22%7D", "&queueRequest=true", ""):
        answer = await fogbank.client.post(GATEWAY_RUN + query, json=body, headers=HEADERS)
        assert answer.json()["response"] == "say hello"
    assert answer.headers["cf-aig-cache-status"] == "HIT"


@pytest.mark.contract("1.7", "6.5")
async def test_an_event_id_that_no_header_holds(fogbank: Running) -> None:
    answer = await through(fogbank, PROMPT, eventId="a\r\nb: c\x00é一")
    assert (answer.status_code, answer.headers["cf-aig-event-id"]) == (200, "a??b: c?é?")
    log = (await fogbank.get(LOGS + answer.headers["cf-aig-log-id"]))["result"]
    assert log["event_id"] == "a\r\nb: c\x00é一"


@pytest.mark.contract("6.5")
async def test_the_cache_is_not_rests(fogbank: Running) -> None:
    """A cached envelope would not be bare."""
    rest = f"/client/v4/accounts/{ZEROS}/ai/run/{TEXT}"
    headers = {"cf-aig-gateway-id": "mine", "cf-aig-cache-ttl": "60", "cf-aig-cache-key": "k"}
    await fogbank.client.post(rest, json=PROMPT, headers=headers)
    answer = await through(fogbank, PROMPT, cacheTtl=60, cacheKey="k")
    assert answer.json()["response"] == "say hello"


@pytest.mark.contract("5.1", "6.5")
async def test_a_batch_is_not_cached(fogbank: Running) -> None:
    tickets = set()
    for _ in range(2):
        options = {"gateway": {"id": "mine", "cacheTtl": 60}, "queueRequest": True}
        inputs = {"requests": [{"text": "a"}]}
        answer = await call(fogbank, EMBED, inputs, options, path=GATEWAY_RUN)
        assert answer.json()["status"] == "queued"
        tickets.add(answer.json()["request_id"])
    assert len(tickets) == 2


@pytest.mark.contract("6.5")
async def test_retries_and_time_limits(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineOverloaded("full"))
    answer = await through(fogbank, PROMPT, retries={"maxAttempts": 2, "retryDelayMs": 1})
    assert answer.status_code == 200
    fogbank.engine.stall()
    late = await through(fogbank, PROMPT, requestTimeoutMs=20)
    fogbank.engine.release()
    assert (late.status_code, late.json()["internalCode"]) == (408, 3007)


@pytest.mark.contract("6.5")
def test_options_are_those_of_the_headers(tmp_path: Path) -> None:
    """What `env.AI.gateway(id).run()` would send as headers (contract 6.5)."""
    gateway = {
        "id": "a",
        "skipCache": True,
        "cacheTtl": 90,
        "cacheKey": "k",
        "metadata": {"ü": "“", "n": 1, "b": True},
        "collectLog": False,
        "eventId": "e",
        "requestTimeoutMs": 500,
        "retries": {"maxAttempts": 3, "retryDelayMs": 20, "backoff": "linear"},
    }
    headers = {
        "cf-aig-skip-cache": "true",
        "cf-aig-cache-ttl": "90",
        "cf-aig-cache-key": "k",
        "cf-aig-metadata": orjson.dumps(gateway["metadata"]).decode("latin-1"),
        "cf-aig-collect-log": "false",
        "cf-aig-event-id": "e",
        "cf-aig-request-timeout": "500",
        "cf-aig-max-attempts": "3",
        "cf-aig-retry-delay": "20",
        "cf-aig-backoff": "linear",
    }
    config = settings(tmp_path)
    assert from_binding(gateway, {}, config) == from_headers(headers, config)
    assert from_binding(gateway, {"cf-aig-cache-ttl": "600"}, config).cache_ttl == 90
    assert from_binding({"id": "a", "cacheTtl": 0, "eventId": None}, {}, config) == Options()
    assert from_binding({"id": "a", "retries": 5}, {}, config) == Options()
    assert from_binding({}, {"cf-aig-event-id": "h"}, config).event_id == "h"
    deep: Any = {}
    for _ in range(300):
        deep = {"a": deep}
    with pytest.raises(AIError, match=r"options\.gateway\.metadata"):
        from_binding({"metadata": deep}, {}, config)


@pytest.fixture
async def named(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path, gateways="Mine, other")) as it:
        yield it


@pytest.mark.contract("2.4", "6.5")
async def test_a_gateway_that_is_not_set_up(named: Running) -> None:
    body = {"inputs": PROMPT, "options": {"gateway": {"id": "nobodys"}}}
    item = {"provider": "workers-ai", "endpoint": TEXT, "query": PROMPT}
    for path, sent in (
        (GATEWAY_RUN, body),
        ("/ai-gateway/universal/run/nobodys", [item]),
    ):
        answer = await named.client.post(path, json=sent, headers=HEADERS)
        assert (answer.status_code, answer.json()["error"][0]["code"]) == (400, 2001)
    assert (await through(named, PROMPT)).status_code == 200


@pytest.mark.contract("6.1", "1.7")
@pytest.mark.parametrize("endpoint", [TEXT, f"run/{TEXT}", f"/run/{TEXT}"])
async def test_the_universal_request(fogbank: Running, endpoint: str) -> None:
    """As recorded: REST's form, the raw Response goes to the Worker."""
    items = [
        {
            "provider": "workers-ai",
            "endpoint": endpoint,
            "headers": {"Authorization": "Bearer tok", "cf-aig-metadata": '{"a":1}'},
            "query": PROMPT,
        }
    ]
    headers = {"cf-aig-metadata": '{"m":1}', "cf-aig-event-id": "e", "x-lab": "1"}
    answer = await fogbank.client.post(UNIVERSAL, json=items, headers=headers)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["result"]["response"] == "say hello"
    assert answer.json()["success"] is True
    assert answer.headers["cf-aig-step"] == "0"
    log = (await fogbank.get(LOGS + answer.headers["cf-aig-log-id"]))["result"]
    assert (log["metadata"], log["event_id"]) == ({"m": 1}, "e")


@pytest.mark.contract("6.1", "6.5")
async def test_fallback_and_no_log(fogbank: Running) -> None:
    items = [
        {"provider": "openai", "endpoint": "chat/completions", "query": {}},
        {"provider": "workers-ai", "endpoint": TEXT, "query": PROMPT},
    ]
    headers = {"cf-aig-collect-log": "false"}
    answer = await fogbank.client.post(UNIVERSAL, json=items, headers=headers)
    assert answer.headers["cf-aig-step"] == "1"
    assert "cf-aig-log-id" not in answer.headers
    assert "cf-aig-log-id" not in (await through(fogbank, PROMPT, collectLog=False)).headers


@pytest.mark.contract("6.1", "6.6")
async def test_in_every_form(fogbank: Running) -> None:
    body = {"inputs": PROMPT, "options": {"gateway": {"id": "mine"}}}
    post = fogbank.client.post
    wrapped = await post("/", json=body, headers=miniflare(GATEWAY_RUN, HEADERS))
    older = await post(PROXY, json=body, headers=proxied(GATEWAY_RUN, HEADERS))
    for answer in (wrapped, older):
        assert answer.json()["response"] == "say hello"
    mine = await fogbank.client.get(LOGS + wrapped.headers["cf-aig-log-id"])
    assert mine.json()["result"]["model"] == TEXT
    log_id = older.headers["cf-aig-log-id"]
    assert (await fogbank.client.get(LOGS + log_id)).status_code == 404, "another account's"
    asked = proxied(LOGS + log_id, {})
    assert (await fogbank.client.get(PROXY, headers=asked)).json()["result"]["id"] == log_id
    rest = f"/client/v4/accounts/{ACCOUNT}/ai-gateway/gateways/mine/logs/{log_id}"
    assert (await fogbank.client.get(rest)).json()["result"]["id"] == log_id


@pytest.mark.contract("2.4")
@pytest.mark.parametrize("path", [GATEWAY_RUN, UNIVERSAL, "/ai-gateway/other", "/ai-gateway/"])
async def test_other_methods_and_paths(fogbank: Running, path: str) -> None:
    answer = await fogbank.client.get(path)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 7003)
