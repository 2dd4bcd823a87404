"""Contract 1.7, 6.1, 2.4: gateway logs that are read back and rated."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.server import ACCOUNT, TEXT, Running, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.7", "2.4")]

PATH = f"/v1/{ACCOUNT}/mine/workers-ai/{TEXT}"
LOGS = f"/client/v4/accounts/{ACCOUNT}/ai-gateway/gateways/mine/logs"


async def asked(fogbank: Running, body: Any = None, **headers: str) -> str:
    """The id of the log of a request."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await fogbank.client.post(PATH, json=body or {"prompt": "say hello"}, headers=names)
    found: str = answer.headers["cf-aig-log-id"]
    return found


async def test_a_log(fogbank: Running) -> None:
    log_id = await asked(
        fogbank,
        cf_aig_metadata='{"user": "ada", "team": 7, "x": true, "y": 1.5, "z": "", "sixth": 1}',
        cf_aig_event_id="e1",
        cf_aig_custom_cost='{"per_token_in": 0.5, "per_token_out": 1}',
    )
    log = (await fogbank.get(f"{LOGS}/{log_id}"))["result"]
    assert log["id"] == log_id
    assert log["provider"] == "workers-ai"
    assert log["model"] == TEXT
    assert (log["tokens_in"], log["tokens_out"]) == (2, 2)
    assert log["cost"] == 3.0
    assert log["success"] is True
    assert log["cached"] is False
    assert log["metadata"] == {"user": "ada", "team": 7, "x": True, "y": 1.5, "z": ""}
    assert log["event_id"] == "e1"
    assert "say hello" in log["request_head"]
    assert "say hello" in log["response_head"]
    assert log["created_at"].endswith("Z")


async def test_a_streams_tokens(fogbank: Running) -> None:
    log_id = await asked(fogbank, {"prompt": "say hello", "stream": True})
    log = (await fogbank.get(f"{LOGS}/{log_id}"))["result"]
    assert (log["tokens_in"], log["tokens_out"], log["status_code"]) == (2, 2, 200)


async def test_each_failed_step_has_a_log(fogbank: Running) -> None:
    step = {"provider": "workers-ai", "endpoint": TEXT, "query": {"prompt": "a"}}
    other = {"provider": "openai", "endpoint": "chat/completions", "query": {}}
    await fogbank.client.post(f"/v1/{ACCOUNT}/mine", json=[other, step])
    found = await fogbank.get(LOGS)
    assert [log["success"] for log in found["result"]] == [True, False]
    assert [log["step"] for log in found["result"]] == [1, 0]
    assert found["result_info"] == {"page": 1, "per_page": 20, "count": 2, "total_count": 2}
    assert (await fogbank.get(f"{LOGS}?page=2"))["result"] == []
    assert len((await fogbank.get(f"{LOGS}?per_page=1&page=2"))["result"]) == 1


async def test_rating(fogbank: Running) -> None:
    log_id = await asked(fogbank)
    answer = await fogbank.client.patch(f"{LOGS}/{log_id}", json={"feedback": 1, "score": 90})
    assert answer.status_code == 200
    log = (await fogbank.get(f"{LOGS}/{log_id}"))["result"]
    assert (log["feedback"], log["score"]) == (1, 90)
    wrong: Any
    for wrong in ({"feedback": 2}, {"score": 101}, {"metadata": 1}, []):
        answer = await fogbank.client.patch(f"{LOGS}/{log_id}", json=wrong)
        assert answer.status_code == 400


async def test_a_log_that_is_not_there(fogbank: Running) -> None:
    log_id = await asked(fogbank)
    for path in (f"{LOGS}/nothing", f"{LOGS.replace('mine', 'yours')}/{log_id}"):
        for answer in (
            await fogbank.client.get(path),
            await fogbank.client.patch(path, json={"score": 1}),
        ):
            assert answer.status_code == 404
            assert answer.json()["errors"][0]["code"] == 7002


async def test_no_log_on_request(fogbank: Running) -> None:
    answer = await fogbank.client.post(
        PATH, json={"prompt": "a"}, headers={"cf-aig-collect-log": "false"}
    )
    assert "cf-aig-log-id" not in answer.headers
    assert (await fogbank.get(LOGS))["result"] == []


async def test_logs_outlive_the_server(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as fogbank:
        log_id = await asked(fogbank)
    async with running(settings(tmp_path)) as fogbank:
        assert (await fogbank.get(f"{LOGS}/{log_id}"))["result"]["id"] == log_id


@pytest.mark.parametrize("text", ["[]", "x", '{"a": {}}', '{"a": null}'])
async def test_metadata_that_is_none(fogbank: Running, text: str) -> None:
    answer = await fogbank.client.post(
        PATH, json={"prompt": "a"}, headers={"cf-aig-metadata": text}
    )
    assert answer.status_code == 400
    assert "cf-aig-metadata" in answer.json()["errors"][0]["message"]


async def test_not_an_account(fogbank: Running) -> None:
    """decisions.md 4."""
    for path in (LOGS, f"{LOGS}/x"):
        answer = await fogbank.client.get(path.replace(ACCOUNT, "xyz"))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 7003)


async def test_an_account_in_other_letters(fogbank: Running) -> None:
    log_id = await asked(fogbank)
    path = LOGS.replace(ACCOUNT, ACCOUNT.lower())
    assert (await fogbank.get(f"{path}/{log_id}"))["result"]["id"] == log_id


async def test_a_key_does_not_read_what_another_asked(tmp_path: Path) -> None:
    """An account id is no secret and belongs to no key."""
    from fogbank.storage.keys import KeyStore

    async with running(settings(tmp_path, keys="always")) as fogbank:
        store = KeyStore(tmp_path / "fogbank.db")
        one, two = ({"authorization": f"Bearer {store.create(name)}"} for name in ("a", "b"))
        store.close()
        log_id = await asked(fogbank, **one)
        assert (await fogbank.client.get(LOGS, headers=two)).json()["result"] == []
        assert (await fogbank.client.get(f"{LOGS}/{log_id}", headers=two)).status_code == 404
        assert (await fogbank.client.get(f"{LOGS}/{log_id}", headers=one)).status_code == 200


async def test_metadata_of_a_patch_is_metadata(fogbank: Running) -> None:
    log_id = await asked(fogbank)
    many = {str(number): number for number in range(9)}
    answer = await fogbank.client.patch(f"{LOGS}/{log_id}", json={"metadata": many})
    assert answer.status_code == 200
    log = (await fogbank.get(f"{LOGS}/{log_id}"))["result"]
    assert log["metadata"] == {str(number): number for number in range(5)}
    wrong: dict[str, Any]
    for wrong in ({"metadata": {"a": []}}, {"score": True}):
        answer = await fogbank.client.patch(f"{LOGS}/{log_id}", json=wrong)
        assert answer.status_code == 400


async def test_a_log_that_cannot_be_written_costs_no_answer(
    fogbank: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogbank.dialects.ai_gateway.gateway.LOG_SECONDS", 0.02)
    await asked(fogbank)
    writer = sqlite3.connect(fogbank.settings.data_dir / "fogbank.db", isolation_level=None)
    writer.execute("begin immediate")
    async with asyncio.timeout(2):
        answer = await fogbank.client.post(PATH, json={"prompt": "say hello"})
    writer.execute("rollback")
    writer.close()
    assert answer.json()["result"]["response"] == "say hello"


async def test_metadata_in_other_alphabets(fogbank: Running) -> None:
    sent = '{"käufer": "Ünal"}'.encode()
    headers = [(b"cf-aig-metadata", sent)]
    answer = await fogbank.client.post(PATH, json={"prompt": "a"}, headers=headers)
    log = (await fogbank.get(f"{LOGS}/{answer.headers['cf-aig-log-id']}"))["result"]
    assert log["metadata"] == {"käufer": "Ünal"}
