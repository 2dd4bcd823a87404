"""`models`, an extension: what this server serves (contract 1.6)."""

import pytest

from tests.server import ABSENT, ACCOUNT, EMBED, STAND_IN, STANDING_IN, TEXT, Running

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6")]


@pytest.mark.parametrize("prefix", ["/v1", f"/client/v4/accounts/{ACCOUNT}/ai/v1"])
async def test_the_list(fogbank: Running, prefix: str) -> None:
    response = await fogbank.client.get(f"{prefix}/models")
    assert response.headers["x-fogbank-extension"] == "models"
    models = {model["id"]: model for model in response.json()["data"]}
    assert {TEXT, EMBED, STAND_IN} <= set(models)
    assert ABSENT not in models
    assert models[EMBED]["owned_by"] == "test"
    assert models[STAND_IN]["served_by"] == STANDING_IN


@pytest.mark.parametrize("name", [TEXT, "@cf/test/alias", TEXT.replace("/", "%2F")])
async def test_one_of_them(fogbank: Running, name: str) -> None:
    model = await fogbank.get(f"/v1/models/{name}")
    assert (model["id"], model["object"], model["task"]) == (TEXT, "model", "Text Generation")


@pytest.mark.parametrize("name", [ABSENT, "@cf/no/such"])
async def test_none_of_them(fogbank: Running, name: str) -> None:
    response = await fogbank.client.get(f"/v1/models/{name}")
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "model_not_found"


async def test_other_methods_and_accounts(fogbank: Running) -> None:
    posted = await fogbank.client.post("/v1/models", json={})
    assert posted.json()["errors"][1]["code"] == 7000
    wrong = await fogbank.client.get("/client/v4/accounts/abc/ai/v1/models")
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (404, 7003)


@pytest.mark.contract("1.7", "decision 14")
async def test_the_gateways_paths_are_not_taken(fogbank: Running) -> None:
    """32 digits after `/v1/` are an account of the gateway (decisions.md 14)."""
    body = {"model": TEXT, "messages": [{"role": "user", "content": "a"}]}
    path = f"/v1/{ACCOUNT}/chat/completions"
    assert (await fogbank.client.post(path, json=body)).status_code != 200
