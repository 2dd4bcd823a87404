"""Rate limits on the wire (contract 8): off by default, per key and task, refused unread."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.clock import TurnedClock
from tests.server import ACCOUNT, EMBED, RUN, TEXT, Running, running, settings

pytestmark = [pytest.mark.anyio, pytest.mark.contract("8")]
PROMPT = {"prompt": "hello"}


@pytest.fixture
async def limited(tmp_path: Path) -> Any:
    config = settings(tmp_path, rate_limits=True, requests_per_minute="Text Generation=2")
    clock = TurnedClock()
    async with running(config, clock=clock) as it:
        yield it, clock


async def test_beyond_the_limit(limited: tuple[Running, TurnedClock]) -> None:
    fogbank, clock = limited
    assert [(await fogbank.run(TEXT, PROMPT)).status_code for _ in range(2)] == [200, 200]
    clock.turn(10)
    response = await fogbank.client.post(RUN + TEXT, content=b"never looked at")
    assert (response.status_code, response.headers["retry-after"]) == (429, "50")
    assert response.json()["errors"][0]["code"] == 3040
    assert "cf-ai-req-id" in response.headers
    assert (await fogbank.run(EMBED, {"text": "a"})).status_code == 200
    other = f"/client/v4/accounts/{'0' * 32}/ai/run/{TEXT}"
    assert (await fogbank.client.post(other, json=PROMPT)).status_code == 200
    clock.turn(50)
    assert (await fogbank.run(TEXT, PROMPT)).status_code == 200


async def test_every_dialect_counts(limited: tuple[Running, TurnedClock]) -> None:
    fogbank, _ = limited
    body = {"model": TEXT, "messages": [{"role": "user", "content": "a"}]}
    url = f"/client/v4/accounts/{ACCOUNT}/ai/v1/chat/completions"
    for body_of_run in (PROMPT, PROMPT | {"stream": True}):
        assert (await fogbank.run(TEXT, body_of_run)).status_code == 200
    assert (await fogbank.client.post(url, json=body)).status_code == 429


async def test_several_answers_count_once(limited: tuple[Running, TurnedClock]) -> None:
    fogbank, _ = limited
    body = {"model": TEXT, "messages": [{"role": "user", "content": "a"}], "n": 3}
    codes = [
        (
            await fogbank.client.post("/v1/chat/completions", json=body | {"stream": streamed})
        ).status_code
        for streamed in (False, True, False, True)
    ]
    assert codes == [200, 200, 429, 429]
    assert fogbank.engine.started == 6


async def test_off_by_default(fogbank: Running) -> None:
    codes = {(await fogbank.run(TEXT, PROMPT)).status_code for _ in range(310)}
    assert codes == {200}
