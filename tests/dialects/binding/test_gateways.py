"""Contract 6.1: what a Worker asks about a gateway: its logs, its URL, a stream to resume."""

from pathlib import Path

import pytest

from fogbank.storage.keys import KeyStore
from tests.dialects.binding.calls import LOGS, PROXY, ZEROS, proxied, through
from tests.server import ACCOUNT, TEXT, Running, running, settings

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "say hello", "temperature": 0}


@pytest.mark.contract("6.1")
async def test_logs_are_read_and_rated(fogbank: Running) -> None:
    answer = await through(fogbank, PROMPT, metadata={"u": 1}, eventId="e")
    log_id = answer.headers["cf-aig-log-id"]
    log = (await fogbank.get(LOGS + log_id))["result"]
    assert (log["id"], log["model"], log["provider"]) == (log_id, TEXT, "workers-ai")
    assert (log["metadata"], log["event_id"], log["tokens_out"]) == ({"u": 1}, "e", 2)
    assert log["created_at"].endswith("Z")
    change = {"feedback": 1, "score": 50, "metadata": {"a": 1}}
    patched = await fogbank.client.patch(LOGS + log_id, json=change)
    assert (patched.status_code, patched.json()["result"]) == (200, {})
    changed = (await fogbank.get(LOGS + log_id))["result"]
    assert {name: changed[name] for name in change} == change
    wrong = await fogbank.client.patch(LOGS + log_id, json={"score": 101})
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (400, 8001)


@pytest.mark.contract("6.1", "2.4")
async def test_a_log_that_is_not_there(fogbank: Running) -> None:
    for answer in (
        await fogbank.client.get(LOGS + "missing"),
        await fogbank.client.patch(LOGS + "missing", json={"score": 1}),
    ):
        assert answer.status_code == 404
        assert answer.json()["success"] is False
        expected = {"code": 7002, "message": "Log not found: missing"}
        assert answer.json()["errors"] == [expected]


@pytest.mark.contract("6.1")
async def test_logs_belong_to_a_key(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "fogbank.db")
    one, other = ({"authorization": f"Bearer {store.create(name)}"} for name in ("a", "b"))
    async with running(settings(tmp_path)) as it:
        log_id = (await through(it, PROMPT, headers=one)).headers["cf-aig-log-id"]
        statuses = [
            (await it.client.get(LOGS + log_id, headers=headers)).status_code
            for headers in (one, other, {})
        ]
        assert statuses == [200, 404, 401]


@pytest.mark.contract("6.1")
@pytest.mark.parametrize(
    ("host", "base"),
    [
        ("localhost", "http://localhost"),
        ("127.0.0.1:9191", "http://127.0.0.1:9191"),
        ("workers-binding.ai", "http://127.0.0.1:8686"),
    ],
)
async def test_urls(fogbank: Running, host: str, base: str) -> None:
    for asked, provider in (("workers-ai", "workers-ai"), ("universal", ""), ("a%2Fb", "a%2Fb")):
        path = f"/ai-gateway/gateways/my%20own/url/{asked}"
        answer = await fogbank.client.get(path, headers={"host": host})
        if asked == "a%2Fb":
            assert answer.status_code == 400, "a slash is no part of a name"
            continue
        url = answer.json()["result"]["url"]
        assert url == f"{base}/v1/{ZEROS}/my%20own/{provider}"


@pytest.mark.contract("6.1")
async def test_a_host_that_is_none(tmp_path: Path) -> None:
    """Only a server with keys is asked by one: without them the guard wants a name it knows."""
    key = {"authorization": f"Bearer {KeyStore(tmp_path / 'fogbank.db').create('a')}"}
    async with running(settings(tmp_path)) as it:
        path = "/ai-gateway/gateways/mine/url/universal"
        answer = await it.client.get(path, headers=key | {"host": "[::1"})
        assert (answer.status_code, answer.json().get("success")) == (200, True)
        assert answer.json()["result"]["url"] == f"http://127.0.0.1:8686/v1/{ZEROS}/mine/"


@pytest.mark.contract("6.1")
async def test_a_url_works(fogbank: Running) -> None:
    found = (await fogbank.get("/ai-gateway/gateways/mine/url/workers-ai"))["result"]["url"]
    answer = await fogbank.client.post(f"{found}/{TEXT}", json=PROMPT)
    assert answer.json()["result"]["response"] == "say hello"
    asked = proxied("/ai-gateway/gateways/mine/url/universal", {})
    own = (await fogbank.client.get(PROXY, headers=asked)).json()["result"]["url"]
    assert own == f"http://localhost/v1/{ACCOUNT}/mine/"


@pytest.mark.contract("6.1")
async def test_no_stream_is_resumed(fogbank: Running) -> None:
    answer = await fogbank.client.get("/ai-gateway/gateways/mine/run/7/resume?from=3")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 7002)
