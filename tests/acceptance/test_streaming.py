"""Streams of the real engine: token by token, and a client that leaves frees its slot."""

import asyncio
import contextlib

import httpx2
import pytest

from tests.acceptance.asking import CAPITAL, ENDLESS, STAND_IN, TEXT, Story, begin
from tests.real_server import RealServer, running, until_running
from tests.server import RUN

pytestmark = [pytest.mark.anyio, pytest.mark.engine]


@pytest.mark.contract("1.3")
async def test_tokens_arrive_one_by_one(web: httpx2.AsyncClient) -> None:
    story = await Story().read(web, **{**ENDLESS, "max_tokens": 40})
    assert story.finished
    assert story.headers["content-type"] == "text/event-stream"
    assert story.headers["x-fogbank-served-by"] == STAND_IN
    *pieces, last = story.events
    assert len(pieces) >= 20
    assert all(event.keys() == {"response"} for event in pieces)
    assert last["response"] == ""
    assert last["usage"]["completion_tokens"] == 40
    gaps = [later - earlier for earlier, later in zip(story.times, story.times[1:], strict=False)]
    assert sum(gap > 0.002 for gap in gaps) >= 10, "the events came in one lump"


@pytest.mark.contract("1.3")
async def test_a_stream_says_what_the_whole_answer_says(web: httpx2.AsyncClient) -> None:
    body = {"prompt": CAPITAL, "temperature": 0}
    story = await Story().read(web, **body)
    whole = (await web.post(RUN + TEXT, json=body)).json()["result"]
    assert "Paris" in story.text
    assert story.text == whole["response"]
    usage = story.events[-1]["usage"]
    assert usage["completion_tokens"] == whole["usage"]["completion_tokens"]
    assert usage["prompt_tokens"] == whole["usage"]["prompt_tokens"]


async def test_a_stream_that_is_left_frees_its_slot_within_a_second(
    web: httpx2.AsyncClient,
) -> None:
    ((story, task),) = await begin(web, 1)
    assert await running(web) == 1
    await _leave(task)
    assert await until_running(web, 0) < 1
    assert not story.finished


async def test_a_whole_answer_that_is_left_frees_its_slot_within_a_second(
    embedded: RealServer, web: httpx2.AsyncClient
) -> None:
    async with embedded.web() as leaving:
        task = asyncio.create_task(leaving.post(RUN + TEXT, json=ENDLESS))
        await until_running(web, 1)
        await _leave(task)
    assert await until_running(web, 0) < 1


async def _leave(task: asyncio.Task[Story] | asyncio.Task[httpx2.Response]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
