"""The newest `openai` package, asynchronous: failures, retries, and who goes away."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import openai
import pytest
from openai import AsyncOpenAI

from fogbank.engines.base import EngineDead
from tests.server import ACCOUNT, TEXT, Running, live, until

pytestmark = [pytest.mark.anyio, pytest.mark.clients, pytest.mark.contract("1.6", "2.4")]
SAID: Any = [{"role": "user", "content": "one two three"}]


@pytest.fixture
async def client(fogbank: Running) -> AsyncIterator[AsyncOpenAI]:
    async with (
        live(fogbank.server) as url,
        httpx2.AsyncClient(trust_env=False) as http,
        AsyncOpenAI(
            api_key="any",
            base_url=f"{url}/client/v4/accounts/{ACCOUNT}/ai/v1",
            http_client=http,
            max_retries=0,
        ) as made,
    ):
        yield made


async def test_a_completion(client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(model=TEXT, messages=SAID)
    assert answer.choices[0].message.content == "one two three"


@pytest.mark.contract("clients 12")
async def test_a_server_error_is_tried_again(
    client: AsyncOpenAI, fogbank: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openai._base_client.INITIAL_RETRY_DELAY", 0.01)
    fogbank.engine.fail_next(RuntimeError("once"))
    patient = client.with_options(max_retries=2)
    answer = await patient.chat.completions.create(model=TEXT, messages=SAID)
    assert answer.choices[0].message.content == "one two three"
    assert fogbank.engine.started == 2


@pytest.mark.contract("clients 12")
async def test_errors_by_status(client: AsyncOpenAI, fogbank: Running) -> None:
    create = client.chat.completions.create
    with pytest.raises(openai.BadRequestError) as refused:
        await create(model="@cf/no/such", messages=SAID)
    assert refused.value.code == "model_not_found"
    assert isinstance(refused.value.body, dict)
    fogbank.engine.stall()
    busy = {"options": {"rejectIfBusy": True}}
    running = create(model=TEXT, messages=SAID, timeout=0.05)
    with pytest.raises(openai.APITimeoutError):
        await running
    fogbank.server.runtime.draining = True
    with pytest.raises(openai.RateLimitError) as full:
        await create(model=TEXT, messages=SAID, extra_body=busy)
    assert full.value.code == "rate_limit_exceeded"
    assert full.value.response.headers["retry-after"] == "1"


async def test_a_stream_that_fails_raises(client: AsyncOpenAI, fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("gone"), after=1)
    stream = await client.chat.completions.create(model=TEXT, messages=SAID, stream=True)
    with pytest.raises(openai.APIError, match="Upstream service unavailable"):
        async for _ in stream:
            pass


async def test_a_response_stream_that_fails_raises(client: AsyncOpenAI, fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("gone"), after=1)
    stream = await client.responses.create(model=TEXT, input="one two three", stream=True)
    with pytest.raises(openai.APIError, match="Upstream service unavailable"):
        async for _ in stream:
            pass


@pytest.mark.parametrize("n", [1, 3])
async def test_who_leaves_frees_every_slot(client: AsyncOpenAI, fogbank: Running, n: int) -> None:
    fogbank.engine.slow(0.05)
    said: Any = [{"role": "user", "content": "word " * 500}]
    stream = await client.chat.completions.create(
        model=TEXT, messages=said, stream=True, max_tokens=1000, n=n
    )
    await anext(aiter(stream))
    assert fogbank.engine.running == n
    await stream.close()
    await until(lambda: fogbank.engine.running == 0)
    assert fogbank.engine.aborted == n
