"""`GET /fogbank/cost`: what was served, as JSON or as a page."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from fogbank.clock import TurnedClock
from fogbank.runtime.cost_reports import KEPT_SECONDS
from fogbank.storage.ledger_store import LedgerTotal, LedgerUnavailable
from tests.deployments.pages.html import read
from tests.ledger import PRICES
from tests.server import TEXT, Running, running, settings

pytestmark = pytest.mark.anyio

COST = "/fogbank/cost"
HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MINE = f"""
name: mine
description: A machine of ours.
sources: [an invoice]
rent_per_hour: {{value: 1, low: 0.5, high: 2}}
capacity:
  "{TEXT}": {{tokens_per_second: 100, output_share: 0.5, source: measured}}
"""


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock(datetime(2026, 11, 29, 12, tzinfo=UTC))


@pytest.fixture
async def fogbank(tmp_path: Path, clock: TurnedClock) -> AsyncIterator[Running]:
    (tmp_path / "hardware").mkdir()
    (tmp_path / "hardware" / "mine.yaml").write_text(MINE)
    config = settings(tmp_path, budget_usd=0.001)
    async with running(config, clock=clock, prices=PRICES, ledger=True) as it:
        yield it


async def served(fogbank: Running, clock: TurnedClock, count: int) -> dict[str, Any]:
    """The report once `count` requests of TEXT are in the ledger."""
    for _ in range(count):
        answer = await fogbank.run(TEXT, {"prompt": "one two three", "max_tokens": 9})
        assert answer.status_code == 200
    async with asyncio.timeout(10):
        while True:
            clock.turn(KEPT_SECONDS + 0.5)
            told: dict[str, Any] = await fogbank.get(COST)
            if told["requests"] >= count:
                return told
            await asyncio.sleep(0.05)


async def test_what_was_served(fogbank: Running, clock: TurnedClock) -> None:
    told = await served(fogbank, clock, 3)
    (line,) = told["lines"]
    assert (line["model"], line["key"], line["requests"]) == (TEXT, None, 3)
    assert told["neurons"] == line["prompt_tokens"] + 2 * line["completion_tokens"] > 0
    assert (told["prices"], told["hardware"], told["days"]) == ("2026-08-28", None, 30)
    assert told["budget"] == {"spent": 0.0, "usd": 0.001, "share": 0.0}  # all of it is free
    assert 0.5 <= told["lag_seconds"] <= 5


async def test_own_hardware_and_a_page(fogbank: Running, clock: TurnedClock) -> None:
    await served(fogbank, clock, 1)
    told = await fogbank.get(COST + "?hardware=mine&since=12h&prices=2026-08-28")
    assert told["own"]["cloud_usd_per_month"] == 0
    assert (told["days"], told["neurons_as"]) == (0.5, "priced again")
    answer = await fogbank.client.get(COST + "?hardware=mine&since=12h", headers=HTML)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = read(answer.text)
    assert "Workers AI is cheaper in all of 10,000 draws" in page.main_heading
    assert "of a budget of $0.001" in page.text
    assert "may not be in it yet" in page.text
    assert "A SAMPLE" not in page.text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=soon", "since 'soon': expected hours or days such as 12h or 7d, or a date"),
        ("since=2027-01-01", "since '2027-01-01': lies in the future"),
        ("since=", "since '': expected"),
        ("hardware=yours", "no hardware 'yours'; there is: owned-2xh100, "),
        ("prices=2020-01-01", "no price table of 2020-01-01; there are: 2026-08-28"),
        ("prices=new", "prices 'new': expected a date such as 2026-08-28"),
        ("sinse=1d", "no parameter 'sinse'; there are: since, hardware, prices"),
        ("since=1d&since=2d", "since is given 2 times"),
    ],
)
async def test_what_cannot_be_answered(fogbank: Running, query: str, said: str) -> None:
    answer = await fogbank.client.get(f"{COST}?{query}", headers=HTML)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


async def test_a_hardware_file_with_a_mistake(fogbank: Running) -> None:
    (fogbank.settings.data_dir / "hardware" / "mine.yaml").write_text("name: mine\n")
    answer = await fogbank.client.get(f"{COST}?hardware=mine")
    assert answer.status_code == 500
    assert "mine.yaml" in answer.json()["error"]


async def test_a_ledger_that_cannot_be_read(
    fogbank: Running, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: Any) -> Any:
        raise LedgerUnavailable("the ledger's database cannot be used: no such host")

    monkeypatch.setattr("fogbank.storage.ledger_sqlite.SqliteLedger.totals", gone)
    answer = await fogbank.client.get(COST)
    assert answer.status_code == 503
    assert "no such host" in answer.json()["error"]


async def test_many_at_once_make_one_report(
    fogbank: Running, clock: TurnedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []

    def totals(*asked: Any) -> list[LedgerTotal]:
        made.append(asked)
        return []

    monkeypatch.setattr("fogbank.storage.ledger_sqlite.SqliteLedger.totals", totals)
    await asyncio.gather(*(fogbank.get(COST) for _ in range(8)))
    await fogbank.client.get(COST, headers=HTML)
    assert len(made) == 1
    await fogbank.get(COST + "?since=1d")
    assert len(made) == 2
    clock.turn(KEPT_SECONDS + 1)
    await fogbank.get(COST)
    assert len(made) == 3


async def test_it_needs_a_key_as_all_of_fogbank_does(tmp_path: Path) -> None:
    async with running(settings(tmp_path, keys="always")) as it:
        assert (await it.client.get(COST)).status_code == 401


async def test_nothing_is_spent_without_a_budget(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as it:
        told = await it.get(COST)
    assert told["budget"] is None
    assert told["lines"] == []
