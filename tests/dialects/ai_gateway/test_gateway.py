"""Contract 1.7: the URL shapes, fallback, retries and timeouts of the AI Gateway."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.types import Message

from fogbank.engines.base import EngineDead, EngineOverloaded, EngineRefused
from tests.server import (
    ACCOUNT,
    CHAT,
    CLASSIFY,
    EMBED,
    RUN,
    TEXT,
    Running,
    events,
    running,
    settings,
)

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.7")]

GATEWAY = f"/v1/{ACCOUNT}/mine"


def item(model: str = TEXT, prompt: str = "say hello", **more: Any) -> dict[str, Any]:
    return {"provider": "workers-ai", "endpoint": model, "query": {"prompt": prompt}, **more}


@pytest.mark.contract("clients 10", "decision 14")
@pytest.mark.parametrize("shape", ["/workers-ai/", "/workers-ai/run/"])
async def test_the_native_route(fogbank: Running, shape: str) -> None:
    """The provider's own body: the envelope of the run route."""
    answer = await fogbank.client.post(GATEWAY + shape + TEXT, json={"prompt": "say hello"})
    assert answer.status_code == 200
    assert answer.json()["result"]["response"] == "say hello"
    assert answer.json()["success"] is True
    assert answer.headers["cf-aig-step"] == "0"
    assert len(answer.headers["cf-aig-log-id"]) == 36
    assert answer.headers["cf-ai-req-id"]


async def test_a_model_written_with_percent_signs(fogbank: Running) -> None:
    path = f"{GATEWAY}/workers-ai/{TEXT.replace('/', '%2F')}"
    answer = await fogbank.client.post(path, json={"prompt": "a"})
    assert answer.json()["result"]["response"] == "a"


@pytest.mark.parametrize("task", [EMBED, CLASSIFY])
async def test_other_tasks(fogbank: Running, task: str) -> None:
    answer = await fogbank.client.post(f"{GATEWAY}/workers-ai/{task}", json={"text": "a"})
    assert answer.status_code == 200
    assert answer.json()["result"] == (await fogbank.run(task, {"text": "a"})).json()["result"]


async def test_by_header_on_the_ordinary_route(fogbank: Running) -> None:
    answer = await fogbank.run(TEXT, {"prompt": "a"}, headers={"cf-aig-gateway-id": "mine"})
    assert answer.json()["result"]["response"] == "a"
    assert answer.headers["cf-aig-log-id"]
    plain = await fogbank.run(TEXT, {"prompt": "a"})
    assert not [name for name in plain.headers if name.startswith("cf-aig")]


async def test_a_stream_passes_as_it_is(fogbank: Running) -> None:
    body = {"prompt": "say hello", "stream": True}
    answer = await fogbank.client.post(f"{GATEWAY}/workers-ai/{TEXT}", json=body)
    assert answer.headers["content-type"] == "text/event-stream"
    assert events(answer.text)[-1] == "[DONE]"
    assert orjson.loads(events(answer.text)[0]) == {"response": "say"}


@pytest.mark.contract("decision 14")
async def test_the_first_step_that_answers(fogbank: Running) -> None:
    """cf-aig-step is the index of the step that answered (decisions.md 14)."""
    steps = [item("@cf/test/nothing"), item("@cf/test/absent"), item(prompt="third"), item()]
    answer = await fogbank.client.post(GATEWAY, json=steps)
    assert answer.json()["result"]["response"] == "third"
    assert answer.headers["cf-aig-step"] == "2"
    assert fogbank.engine.started == 1


async def test_when_every_step_fails_the_last_answer_is_given(fogbank: Running) -> None:
    answer = await fogbank.client.post(GATEWAY, json=[item("@cf/test/no"), item("@cf/test/absent")])
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["code"] == 5018
    assert answer.headers["cf-aig-step"] == "1"


async def test_other_providers_are_refused(fogbank: Running) -> None:
    other = {"provider": "openai", "endpoint": "chat/completions", "query": {}}
    answer = await fogbank.client.post(GATEWAY, json=[other])
    assert answer.status_code == 400
    assert "nothing leaves the premises" in answer.json()["errors"][0]["message"]
    assert "'openai'" in answer.json()["errors"][0]["message"]
    answer = await fogbank.client.post(GATEWAY, json=[other, item()])
    assert answer.json()["result"]["response"] == "say hello"
    assert answer.headers["cf-aig-step"] == "1"
    answer = await fogbank.client.post(f"{GATEWAY}/openai/chat/completions", json={})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ([], "array"),
        ("x", "array"),
        ([1], "/0"),
        ([item(), {"provider": "workers-ai"}], "/1/endpoint"),
        ([item(headers=[])], "/0/headers"),
        ([item(config={"backoff": "never"})], "config.backoff"),
        ([item(config={"maxAttempts": "x"})], "config.maxAttempts"),
    ],
)
async def test_what_is_wrong_with_a_universal_request(
    fogbank: Running, body: Any, where: str
) -> None:
    answer = await fogbank.client.post(GATEWAY, json=body)
    assert answer.status_code == 400
    assert where in answer.json()["errors"][0]["message"]


async def test_retries(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineOverloaded("full"))
    fogbank.engine.fail_next(EngineDead("gone"))
    headers = {"cf-aig-max-attempts": "3", "cf-aig-retry-delay": "1"}
    answer = await fogbank.client.post(
        f"{GATEWAY}/workers-ai/{TEXT}", json={"prompt": "a"}, headers=headers
    )
    assert answer.status_code == 200
    assert fogbank.engine.started == 3


async def test_no_retry_for_what_cannot_succeed(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineRefused("no"))
    headers = {"cf-aig-max-attempts": "5", "cf-aig-retry-delay": "1"}
    answer = await fogbank.client.post(
        f"{GATEWAY}/workers-ai/{TEXT}", json={"prompt": "a"}, headers=headers
    )
    assert answer.json()["errors"][0]["code"] == 8001


async def test_a_step_that_is_too_slow_gives_way(fogbank: Running) -> None:
    fogbank.engine.stall()
    slow = item(config={"requestTimeout": 20, "maxAttempts": 1})
    body = {"provider": "workers-ai", "endpoint": EMBED, "query": {"text": "a"}}
    answer = await fogbank.client.post(GATEWAY, json=[slow, body])
    assert answer.headers["cf-aig-step"] == "1"
    assert answer.json()["result"]["shape"] == [1, 384]
    assert fogbank.engine.aborted == 1
    fogbank.engine.stall()
    answer = await fogbank.client.post(GATEWAY, json=[slow])
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (408, 3007)


@pytest.mark.contract("2.4")
async def test_a_gateway_that_is_not_set_up(tmp_path: Path) -> None:
    """Contract 2.4: the key is the singular `error`."""
    async with running(settings(tmp_path, gateways="mine, other")) as fogbank:
        path = f"/v1/{ACCOUNT}/{{}}/workers-ai/{TEXT}"
        answer = await fogbank.client.post(path.format("nobodys"), json={"prompt": "a"})
        assert answer.status_code == 400
        assert answer.json()["error"][0]["code"] == 2001
        assert answer.json()["result"] == []
        answer = await fogbank.client.post(path.format("other"), json={"prompt": "a"})
        assert answer.status_code == 200


@pytest.mark.contract("2.4")
@pytest.mark.contract("2.4")
@pytest.mark.parametrize(
    "body", [b"[]", b"no JSON", b"{}", b'{"messages": []}', b'{"model": "a", "messages": "b"}']
)
async def test_chat_completion_bad_format(fogbank: Running, body: bytes) -> None:
    answer = await fogbank.client.post(f"{GATEWAY}/compat/chat/completions", content=body)
    assert (answer.status_code, answer.json()["error"][0]["code"]) == (400, 2019)


@pytest.mark.contract("decision 14")
async def test_not_an_account(fogbank: Running) -> None:
    """32 hexadecimal digits tell a gateway from the plain OpenAI routes."""
    answer = await fogbank.client.post(f"/v1/abc/mine/workers-ai/{TEXT}", json={"prompt": "a"})
    assert answer.json()["errors"][-1]["code"] == 7000


@pytest.mark.contract("2.4")
@pytest.mark.parametrize("name", ["authorization", "cf-aig-authorization"])
async def test_keys(tmp_path: Path, name: str) -> None:
    async with running(settings(tmp_path, keys="always")) as fogbank:
        from fogbank.storage.keys import KeyStore

        store = KeyStore(tmp_path / "fogbank.db")
        secret = store.create("someone")
        store.close()
        path = f"{GATEWAY}/workers-ai/{TEXT}"
        assert (await fogbank.client.post(path, json={"prompt": "a"})).status_code == 401
        headers = {name: f"Bearer {secret}"}
        answer = await fogbank.client.post(path, json={"prompt": "a"}, headers=headers)
        assert answer.status_code == 200


async def test_a_universal_request_may_bring_its_key_in_its_steps(tmp_path: Path) -> None:
    async with running(settings(tmp_path, keys="always")) as fogbank:
        from fogbank.storage.keys import KeyStore

        store = KeyStore(tmp_path / "fogbank.db")
        secret = store.create("someone")
        store.close()
        assert (await fogbank.client.post(GATEWAY, json=[item()])).status_code == 401
        wrong = item(headers={"Authorization": "Bearer nonsense"})
        assert (await fogbank.client.post(GATEWAY, json=[wrong])).status_code == 401
        right = item(headers={"Authorization": f"Bearer {secret}"})
        answer = await fogbank.client.post(GATEWAY, json=[wrong, right])
        assert answer.status_code == 200
        assert answer.headers["cf-aig-step"] == "1"


async def test_a_chat_completion_card_by_the_run_route(fogbank: Running) -> None:
    answer = await fogbank.client.post(f"{GATEWAY}/workers-ai/{CHAT}", json={"prompt": "a"})
    assert answer.json()["result"]["choices"][0]["message"]["content"] == "a"


async def test_the_same_route_without_a_gateway(fogbank: Running) -> None:
    answer = await fogbank.client.post(RUN + TEXT, json={"prompt": "a"})
    assert "cf-aig-step" not in answer.headers


async def test_by_header_where_the_body_names_the_model(fogbank: Running) -> None:
    """Contract 1.1: `POST .../ai/run` goes through the gateway that the header chooses."""
    body = {"model": TEXT, "input": {"prompt": "a"}}
    headers = {"cf-aig-gateway-id": "mine", "cf-aig-cache-ttl": "60"}
    for cached in ("MISS", "HIT"):
        answer = await fogbank.client.post(RUN.rstrip("/"), json=body, headers=headers)
        assert answer.json()["result"]["response"] == "a"
        assert answer.headers["cf-aig-log-id"]
        assert answer.headers["cf-aig-cache-status"] == cached


async def test_by_header_at_the_path_of_anthropics_sdk(fogbank: Running) -> None:
    body = {"model": TEXT, "max_tokens": 5, "messages": [{"role": "user", "content": "a"}]}
    path = f"/client/v4/accounts/{ACCOUNT}/ai/v1/v1/messages"
    answer = await fogbank.client.post(path, json=body, headers={"cf-aig-gateway-id": "mine"})
    assert (answer.status_code, answer.json()["type"]) == (200, "message")


async def test_strangers_write_no_logs(tmp_path: Path) -> None:
    """Whoever has no key could fill the log with steps that are never tried."""
    from fogbank.storage.keys import KeyStore

    async with running(settings(tmp_path, keys="always")) as fogbank:
        store = KeyStore(tmp_path / "fogbank.db")
        secret = store.create("someone")
        store.close()
        other = {"provider": "openai", "endpoint": "chat/completions"}
        answer = await fogbank.client.post(GATEWAY, json=[other, item()])
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, 10000)
        logs = f"/client/v4/accounts/{ACCOUNT}/ai-gateway/gateways/mine/logs"
        headers = {"authorization": f"Bearer {secret}"}
        assert (await fogbank.client.get(logs, headers=headers)).json()["result"] == []


async def test_steps_are_counted(fogbank: Running) -> None:
    answer = await fogbank.client.post(GATEWAY, json=[item()] * 33)
    assert answer.status_code == 400
    assert "33 steps" in answer.json()["errors"][0]["message"]


async def test_attempts_and_steps_share_one_deadline(fogbank: Running) -> None:
    """decisions.md 11: retries included."""
    fogbank.engine.stall()
    headers = {"cf-aig-max-attempts": "5", "cf-aig-retry-delay": "100", "x-fogbank-deadline": "0.1"}
    path = f"{GATEWAY}/workers-ai/{TEXT}"
    answer = await fogbank.client.post(path, json={"prompt": "a"}, headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (408, 3007)
    assert fogbank.engine.started == 1


async def test_a_stream_that_is_cut_is_cut_here_too(tmp_path: Path) -> None:
    """Nothing follows; least of all a second status line in the middle of the answer."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    inbox: asyncio.Queue[Message] = asyncio.Queue()
    body = b'{"prompt": "a b c", "stream": true}'
    await inbox.put({"type": "http.request", "body": body, "more_body": False})
    headers = [(b"host", b"localhost"), (b"x-fogbank-fault", b"stream-cut; after=1")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{GATEWAY}/workers-ai/{TEXT}",
        "query_string": b"",
        "headers": headers,
    }
    async with running(settings(tmp_path, faults=True)) as fogbank, asyncio.timeout(2):
        await fogbank.server.asgi(scope, inbox.get, send)
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert sent[-1]["more_body"] is True


async def test_the_header_that_is_wrong_is_named_as_it_was_sent(fogbank: Running) -> None:
    answer = await fogbank.client.post(
        f"{GATEWAY}/workers-ai/{TEXT}", json={"prompt": "a"}, headers={"cf-aig-max-attempts": "x"}
    )
    assert "'cf-aig-max-attempts'" in answer.json()["errors"][0]["message"]


async def test_a_body_that_brings_its_own_key_is_small(tmp_path: Path) -> None:
    """It is read before its sender is known; others may fill the memory with many."""
    from fogbank.storage.keys import KeyStore

    async with running(settings(tmp_path, keys="always")) as fogbank:
        store = KeyStore(tmp_path / "fogbank.db")
        secret = store.create("someone")
        store.close()
        key = {"Authorization": f"Bearer {secret}"}
        body = [item(headers=key, unused="x" * 2**20)]
        answer = await fogbank.client.post(GATEWAY, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, 3006)
        assert (await fogbank.client.post(GATEWAY, json=body, headers=key)).status_code == 200
