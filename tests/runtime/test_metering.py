"""Neurons on the wire, the daily allocation, and what the ledger says of each request."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from fogbank.clock import TurnedClock
from fogbank.storage.journal import SUFFIX
from fogbank.storage.keys import KeyStore
from fogbank.storage.ledger_row import LedgerRow
from tests.ledger import PRICES, recorded
from tests.server import (
    ACCOUNT,
    CHAT,
    CLASSIFY,
    EMBED,
    RUN,
    SPEECH,
    STAND_IN,
    STANDING_IN,
    TEXT,
    Running,
    events,
    live,
    profile,
    running,
    settings,
    until,
)

pytestmark = pytest.mark.anyio
HELLO = {"prompt": "one two three"}
OTHER = RUN.replace(ACCOUNT, "f" * 32)


@pytest.fixture
async def priced(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path), prices=PRICES, ledger=True) as it:
        yield it


def cost(usage: dict[str, Any], each: float = 1) -> float:
    """Neurons of a text model: one per token of the prompt, two per token of the answer."""
    return each * float(usage["prompt_tokens"] + 2 * usage["completion_tokens"])


@pytest.mark.contract("1.2", "7")
async def test_neurons_are_in_the_header_and_in_the_usage(priced: Running) -> None:
    answer = await priced.run(TEXT, HELLO)
    usage = answer.json()["result"]["usage"]
    assert usage["neurons"] == cost(usage) > 0
    assert answer.headers["cf-ai-neurons"] == f"{cost(usage):.2f}"


@pytest.mark.contract("1.2", "7")
async def test_embeddings_have_the_header(priced: Running) -> None:
    answer = await priced.run(EMBED, {"text": ["word " * 300] * 100})
    (row,) = recorded(priced.settings.data_dir)
    assert row.neurons == pytest.approx(row.prompt_tokens * 6058 / 1e6)
    assert answer.headers["cf-ai-neurons"] == f"{row.neurons:.2f}"
    assert float(answer.headers["cf-ai-neurons"]) > 0


@pytest.mark.contract("1.2", "7")
async def test_speech_is_priced_by_its_length(priced: Running) -> None:
    answer = await priced.client.post(RUN + SPEECH, content=b"\x01" * 16_000 * 90)
    assert answer.headers["cf-ai-neurons"] == "61.71"
    (row,) = recorded(priced.settings.data_dir)
    assert row.audio_seconds == 90
    assert row.neurons == pytest.approx(61.71)


@pytest.mark.contract("1.2", "1.3")
@pytest.mark.parametrize("model", [TEXT, CHAT])
async def test_a_stream_tells_its_neurons_once_at_the_end(priced: Running, model: str) -> None:
    answer = await priced.run(model, {**HELLO, "stream": True})
    told = [orjson.loads(data) for data in events(answer.text)[:-1]]
    (usage,) = [event["usage"] for event in told if event.get("usage")]
    assert usage["neurons"] == cost(usage) > 0
    assert "cf-ai-neurons" not in answer.headers
    (row,) = recorded(priced.settings.data_dir)
    assert (row.streamed, row.neurons) == (True, usage["neurons"])
    assert row.first_seconds is not None
    assert row.first_seconds <= row.seconds


@pytest.mark.contract("1.2", "decision 3")
async def test_errors_and_unpriced_models_have_no_neurons(priced: Running) -> None:
    refused = await priced.run(TEXT, {"max_tokens": 1})
    unpriced = await priced.run(CLASSIFY, {"text": "fine"})
    assert (refused.status_code, unpriced.status_code) == (400, 200)
    for answer in (refused, unpriced):
        assert "cf-ai-neurons" not in answer.headers
    (row,) = recorded(priced.settings.data_dir)  # the refused one reached no engine
    assert (row.model, row.neurons) == (CLASSIFY, None)


async def test_a_stand_in_is_priced_as_the_model_it_plays(priced: Running) -> None:
    answer = await priced.run(STAND_IN, HELLO)
    usage = answer.json()["result"]["usage"]
    assert usage["neurons"] == cost(usage, each=10)
    (row,) = recorded(priced.settings.data_dir)
    assert (row.model, row.served_by, row.neurons) == (STAND_IN, STANDING_IN, usage["neurons"])


async def test_a_row_says_who_asked_what_and_how_it_went(priced: Running) -> None:
    answer = await priced.run(TEXT, HELLO)
    usage = answer.json()["result"]["usage"]
    (row,) = recorded(priced.settings.data_dir)
    assert row.request_id == answer.headers["cf-ai-req-id"]
    assert (row.account, row.key, row.dialect) == (ACCOUNT.lower(), None, "workers_ai")
    assert (row.task, row.engine, row.outcome) == ("Text Generation", "text", "ok")
    assert (row.kind, row.streamed, row.from_cache) == ("live", False, False)
    assert row.prompt_tokens == usage["prompt_tokens"]
    assert row.completion_tokens == usage["completion_tokens"]
    assert row.price_date == PRICES.date
    assert row.seconds >= 0
    assert row.first_seconds is None


async def test_an_engines_error_is_written_down_and_owes_nothing(priced: Running) -> None:
    priced.engine.fail_next(RuntimeError("out of order"))
    assert (await priced.run(TEXT, HELLO)).status_code >= 500
    (row,) = recorded(priced.settings.data_dir)
    assert row.neurons == 0
    assert row.outcome != "ok"


async def test_a_client_that_leaves_owes_what_was_used(priced: Running) -> None:
    priced.engine.slow(0.02)
    body = {"prompt": "word " * 100, "stream": True}
    async with live(priced.server) as url, httpx2.AsyncClient(trust_env=False) as client:
        async with client.stream("POST", url + RUN + TEXT, json=body) as answer:
            async for _ in answer.aiter_bytes():
                break
        await until(lambda: recorded(priced.settings.data_dir))
    (row,) = recorded(priced.settings.data_dir)
    assert row.outcome == "cancelled"
    assert 0 < row.completion_tokens < 100
    assert row.neurons == row.prompt_tokens + 2 * row.completion_tokens


async def test_a_stream_is_in_the_ledger_before_its_end_is_sent(priced: Running) -> None:
    async with live(priced.server) as url, httpx2.AsyncClient(trust_env=False) as client:
        for _ in range(20):
            before = len(recorded(priced.settings.data_dir))
            body = {**HELLO, "stream": True}
            async with client.stream("POST", url + RUN + TEXT, json=body) as answer:
                async for data in answer.aiter_bytes():
                    if b"[DONE]" in data:
                        assert len(recorded(priced.settings.data_dir)) == before + 1
                        break
                else:
                    pytest.fail("no [DONE]")


async def test_prometheus_counts_neurons(priced: Running) -> None:
    usage = (await priced.run(TEXT, HELLO)).json()["result"]["usage"]
    metrics = (await priced.client.get("/metrics")).text
    assert f'fogbank_neurons_total{{model="{TEXT}"}} {cost(usage):.1f}' in metrics


@pytest.mark.contract("2.2", "7", "decision 12")
async def test_the_daily_allocation_ends_in_4006_for_this_account(tmp_path: Path) -> None:
    async with running(settings(tmp_path, daily_neurons=1), prices=PRICES, ledger=True) as it:
        assert (await it.run(TEXT, HELLO)).status_code == 200
        refused = await it.run(TEXT, HELLO)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, 4006)
        assert "used up your daily free allocation" in refused.json()["errors"][0]["message"]
        assert 0 < int(refused.headers["retry-after"]) <= 24 * 3600
        assert "cf-ai-neurons" not in refused.headers
        assert (await it.client.post(OTHER + TEXT, json=HELLO)).status_code == 200
        upper = RUN.replace(ACCOUNT, ACCOUNT.upper())
        assert (await it.client.post(upper + TEXT, json=HELLO)).status_code == 429


@pytest.mark.contract("2.1", "decision 12")
async def test_the_allocation_in_the_documented_form(tmp_path: Path) -> None:
    config = settings(tmp_path, daily_neurons=1, error_forms="documented", retry_after=False)
    async with running(config, prices=PRICES, ledger=True) as it:
        await it.run(TEXT, HELLO)
        refused = await it.run(TEXT, HELLO)
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, 3036)
        assert "retry-after" not in refused.headers


@pytest.mark.contract("7")
async def test_the_allocation_begins_anew_at_midnight_utc(tmp_path: Path) -> None:
    clock = TurnedClock(datetime(2026, 11, 22, 23, 59, 50, tzinfo=UTC))
    config = settings(tmp_path, daily_neurons=1)
    async with running(config, prices=PRICES, clock=clock, ledger=True) as it:
        await it.run(TEXT, HELLO)
        refused = await it.run(TEXT, HELLO)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
        clock.turn(10)
        assert (await it.run(TEXT, HELLO)).status_code == 200
        assert (await it.run(TEXT, HELLO)).status_code == 429


async def test_the_allocation_survives_a_restart_but_not_the_day(tmp_path: Path) -> None:
    config = settings(tmp_path, daily_neurons=1)
    for hour, status in ((8, 200), (9, 429), (24 + 8, 200)):
        clock = TurnedClock(datetime(2026, 11, 22 + hour // 24, hour % 24, tzinfo=UTC))
        async with running(config, prices=PRICES, clock=clock, ledger=True) as it:
            assert (await it.run(TEXT, HELLO)).status_code == status


def _unstore(data_dir: Path, row: LedgerRow) -> None:
    """Leaves a row as a killed server does: in the journal, not in the database."""
    for file in data_dir.glob("ledger.db*"):
        file.unlink()
    (data_dir / "ledger" / f"1{SUFFIX}").write_bytes(row.line())


async def test_the_allocation_counts_what_a_killed_server_left(tmp_path: Path) -> None:
    config = settings(tmp_path, daily_neurons=1)
    for hour, status in ((8, 200), (9, 429)):
        clock = TurnedClock(datetime(2026, 11, 22, hour, tzinfo=UTC))
        async with running(config, prices=PRICES, clock=clock, ledger=True) as it:
            assert (await it.run(TEXT, HELLO)).status_code == status
        if status == 200:
            (row,) = recorded(tmp_path)
            _unstore(tmp_path, row)


async def test_requests_at_once_are_all_written_down(priced: Running) -> None:
    answers = await asyncio.gather(*(priced.run(TEXT, HELLO) for _ in range(50)))
    ids = {answer.headers["cf-ai-req-id"] for answer in answers}
    assert {row.request_id for row in recorded(priced.settings.data_dir)} == ids
    total = sum(answer.json()["result"]["usage"]["neurons"] for answer in answers)
    assert sum(row.neurons or 0 for row in recorded(priced.settings.data_dir)) == total


async def test_those_that_wait_when_the_allocation_is_used_up_get_nothing(tmp_path: Path) -> None:
    served = profile(max_concurrent=2)
    config = settings(tmp_path, daily_neurons=1)
    async with running(config, served, prices=PRICES, ledger=True) as it:
        answers = await asyncio.gather(*(it.run(TEXT, HELLO) for _ in range(20)))
    statuses = sorted(answer.status_code for answer in answers)
    assert 1 <= statuses.count(200) <= 2
    assert set(statuses) == {200, 429}


async def test_a_key_has_one_allocation_whatever_account_it_names(tmp_path: Path) -> None:
    config = settings(tmp_path, daily_neurons=1, keys="always")
    async with running(config, prices=PRICES, ledger=True) as it:
        with closing(KeyStore(tmp_path / "fogbank.db")) as keys:
            one, two = ({"authorization": f"Bearer {keys.create(name)}"} for name in ("a", "b"))
        assert (await it.run(TEXT, HELLO, headers=one)).status_code == 200
        elsewhere = await it.client.post(OTHER + TEXT, json=HELLO, headers=one)
        assert (elsewhere.status_code, elsewhere.json()["errors"][0]["code"]) == (429, 4006)
        assert (await it.run(TEXT, HELLO, headers=two)).status_code == 200
