"""Token, user, account and memberships, as SDKs and wrangler ask for them."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.clock import Clock
from fogbank.dialects.workers_ai.account import ACCOUNT_ID
from fogbank.storage.keys import KeyStore
from tests.server import ACCOUNT, Running, running, settings

pytestmark = pytest.mark.anyio
VERIFY = "/client/v4/user/tokens/verify"


async def result(fogbank: Running, path: str) -> Any:
    response = await fogbank.client.get(path)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    body = response.json()
    assert {"result", "success", "errors", "messages"} <= body.keys()
    assert (body["success"], body["errors"]) == (True, [])
    return body["result"]


@pytest.mark.contract("1.8", "decision 5")
@pytest.mark.parametrize("path", [VERIFY, f"/client/v4/accounts/{ACCOUNT}/tokens/verify"])
async def test_any_token_is_active_where_there_are_no_keys(fogbank: Running, path: str) -> None:
    body = await fogbank.get(path)
    assert body["messages"] == [
        {"code": 10000, "message": "This API Token is valid and active", "type": None}
    ]
    assert body["result"]["status"] == "active"
    assert len(body["result"]["id"]) == 32


@pytest.mark.contract("1.8", "2.4", "decision 5")
async def test_with_keys_only_a_good_token_is_active(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "fogbank.db", Clock())
    secrets = [store.create(name) for name in ("one", "two")]
    store.close()
    async with running(settings(tmp_path, keys="always")) as fogbank:
        ids = set()
        for secret in secrets:
            good = {"authorization": f"Bearer {secret}"}
            response = await fogbank.client.get(VERIFY, headers=good)
            assert response.status_code == 200
            ids.add(response.json()["result"]["id"])
            assert secret not in response.text
        assert len(ids) == 2
        bad = await fogbank.client.get(VERIFY, headers={"authorization": "Bearer wrong"})
        assert bad.status_code == 401
        assert bad.json()["errors"] == [{"code": 10000, "message": "Authentication error"}]


@pytest.mark.contract("1.8")
async def test_the_one_account(fogbank: Running) -> None:
    (listed,) = await result(fogbank, "/client/v4/accounts")
    assert (listed["id"], listed["name"]) == (ACCOUNT_ID, "fogbank")
    assert await result(fogbank, "/client/v4/accounts/?page=2") == []
    assert await result(fogbank, "/client/v4/accounts?name=other") == []
    named = await result(fogbank, f"/client/v4/accounts/{ACCOUNT}")
    assert named == {**listed, "id": ACCOUNT.lower()}
    bad = await fogbank.client.get("/client/v4/accounts/short")
    assert (bad.status_code, bad.json()["errors"][0]["code"]) == (404, 7003)


@pytest.mark.contract("1.8")
async def test_the_user_and_the_membership_tell_nobody_s_data(fogbank: Running) -> None:
    user = await result(fogbank, "/client/v4/user")
    assert (user["email"], user["first_name"]) == ("fogbank@localhost", None)
    (membership,) = await result(fogbank, "/client/v4/memberships")
    assert membership["account"]["id"] == ACCOUNT_ID
    assert membership["roles"] == ["Administrator"]
    assert await result(fogbank, "/client/v4/memberships?page=2") == []
