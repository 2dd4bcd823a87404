"""Neurons of a run, and whose they are: the binding's requests name no account of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.dialects.binding.calls import (
    GATEWAY_RUN,
    PROXY,
    RUN,
    ZEROS,
    call,
    consn,
    miniflare,
    proxied,
)
from tests.ledger import PRICES, recorded
from tests.server import ACCOUNT, TEXT, Running, running, settings

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "one two three"}
OWN = "ab" * 16


@pytest.fixture
async def priced(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path), prices=PRICES, ledger=True) as it:
        yield it


@pytest.mark.contract("1.2", "7")
async def test_neurons(priced: Running) -> None:
    answer = await call(priced, TEXT, PROMPT)
    assert answer.headers["cf-ai-neurons"] == "9.00"
    assert answer.json()["usage"]["neurons"] == 9.0
    gateway = await call(priced, TEXT, PROMPT, {"gateway": {"id": "a"}}, path=GATEWAY_RUN)
    assert gateway.headers["cf-ai-neurons"] == "9.00"
    refused = await call(priced, TEXT, {})
    assert "cf-ai-neurons" not in refused.headers


@pytest.mark.contract("6.1")
async def test_the_ledger_knows_dialect_and_account(tmp_path: Path) -> None:
    config = settings(tmp_path, account=OWN)
    async with running(config, prices=PRICES, ledger=True) as it:
        body = {"inputs": PROMPT, "options": {"gateway": {"id": "a"}}}
        for path, headers in (
            (RUN, consn(TEXT)),
            ("/", miniflare(RUN, consn(TEXT))),
            (GATEWAY_RUN, consn(TEXT)),
            (PROXY, proxied(RUN, consn(TEXT))),
            (PROXY, proxied(GATEWAY_RUN, consn(TEXT))),
        ):
            answer = await it.client.post(path, json=body, headers=headers)
            assert answer.status_code == 200
    rows = recorded(tmp_path)
    assert [row.account for row in rows] == [OWN] * 3 + [ACCOUNT.lower()] * 2
    assert {row.dialect for row in rows} == {"binding"}
    assert {row.neurons for row in rows} == {9.0}


@pytest.mark.contract("6.1")
async def test_by_default_it_is_all_zeros(tmp_path: Path) -> None:
    async with running(settings(tmp_path), prices=PRICES, ledger=True) as it:
        await call(it, TEXT, PROMPT)
    (row,) = recorded(tmp_path)
    assert row.account == ZEROS
