"""`wrangler ai models` and `wrangler whoami`, unmodified, against a server on fake engines."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fogbank.dialects.workers_ai.account import ACCOUNT_ID
from tests.acceptance.asking import STAND_IN as REAL_STAND_IN
from tests.acceptance.asking import TEXT as REAL_TEXT
from tests.clients.programs import needs_node
from tests.clients.wrangler import wrangler
from tests.real_server import RealServer
from tests.server import ACCOUNT, EMBED, OLD, STAND_IN, STANDING_IN, Running, live

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_node]


@pytest.fixture
async def url(fogbank: Running) -> AsyncIterator[str]:
    async with live(fogbank.server) as address:
        yield address


@pytest.mark.contract("1.4")
async def test_models(url: str, tmp_path: Path) -> None:
    said = await wrangler(url, tmp_path, "ai", "models", "--json")
    assert said.status == 0, said.text
    listed = {row["name"]: row for row in json.loads(said.text)}
    assert {EMBED, OLD} <= listed.keys()
    assert listed[EMBED]["task"]["name"] == "Text Embeddings"
    declared = {"property_id": "fogbank_served_by", "value": STANDING_IN}
    assert declared in listed[STAND_IN]["properties"]
    table = await wrangler(url, tmp_path, "ai", "models")
    assert table.status == 0
    assert EMBED in table.text


@pytest.mark.contract("1.4")
async def test_models_of_more_than_one_page(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for the next page while one has as many rows as it asked for."""
    from fogbank.dialects.workers_ai.catalogue import Catalogue

    row = {"id": "a", "name": "@cf/a/b", "description": "", "task": {"name": "Text Generation"}}
    monkeypatch.setattr(Catalogue, "_filtered", lambda *_: range(130))
    monkeypatch.setattr(Catalogue, "_row", lambda _, number: {**row, "id": str(number)})
    said = await wrangler(url, tmp_path, "ai", "models", "--json")
    assert [item["id"] for item in json.loads(said.text)] == [str(number) for number in range(130)]


@pytest.mark.contract("1.8")
async def test_whoami(url: str, tmp_path: Path) -> None:
    said = await wrangler(url, tmp_path, "whoami")
    assert said.status == 0, said.text
    for word in ("fogbank@localhost", "User API Token", "fogbank", ACCOUNT_ID):
        assert word in said.text


@pytest.mark.contract("1.8")
async def test_whoami_in_an_account(url: str, tmp_path: Path) -> None:
    said = await wrangler(url, tmp_path, "whoami", "--account", ACCOUNT_ID)
    assert said.status == 0, said.text
    assert "Administrator" in said.text


@pytest.mark.contract("2.4")
async def test_an_error_is_shown_with_its_code(url: str, tmp_path: Path) -> None:
    said = await wrangler(url, tmp_path, "ai", "models", CLOUDFLARE_ACCOUNT_ID="short")
    assert said.status != 0
    assert "perhaps your object identifier is invalid? [code: 7003]" in said.text
    assert ACCOUNT not in said.text


@pytest.mark.engine
@pytest.mark.contract("1.4")
async def test_models_of_a_real_server(embedded: RealServer, tmp_path: Path) -> None:
    said = await wrangler(embedded.url, tmp_path, "ai", "models", "--json")
    listed = {row["name"]: row for row in json.loads(said.text)}
    assert len(listed) > 60
    declared = {"property_id": "fogbank_served_by", "value": REAL_STAND_IN}
    assert declared in listed[REAL_TEXT]["properties"]
