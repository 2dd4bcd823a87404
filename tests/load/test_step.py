"""What a step counts: the time of whole load, arrivals at random, and the client itself."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from itertools import repeat
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.load.climb import at_rate, climb
from fogbank.load.objective import parse
from fogbank.load.step import TOO_MANY, Step, run_arrivals, run_step
from fogbank.load.target import Sample, Target

pytestmark = pytest.mark.anyio
BODY = {"prompt": "hello", "max_tokens": 4}
TARGET = Target("http://127.0.0.1:9", "m", "openai", "")


def streamed(*events: str, status: int = 200) -> httpx2.AsyncClient:
    text = "".join(f"data: {event}\n\n" for event in events)
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, text=text))
    return httpx2.AsyncClient(transport=transport)


LENGTHS = st.one_of(st.just(0.0), st.floats(0.001, 10))


@given(st.floats(0, 10), LENGTHS, st.floats(0, 10), st.floats(0.01, 10))
def test_parts_of_a_request_add_up(began: float, whole: float, since: float, width: float) -> None:
    sample = Sample(0, whole, began=began)
    first = sample.within(since, since + width)
    second = sample.within(since + width, since + width + 50)
    before = sample.within(-50, since)
    assert 0 <= first <= 1
    assert first + second + before == pytest.approx(1)


def test_rates_are_of_whole_load_only() -> None:
    """Three clients, 2 s each; one more request that began before and one that ended after."""
    answers = [Sample(0.1, 2, 10, 20, began=at) for at in (0.0, 1.0, 2.0, 3.0)]
    step = Step(2, since=1, until=4, samples=[*answers, Sample(error="429")])
    assert step.requests_per_second == pytest.approx((0.5 + 1 + 1 + 0.5) / 3)
    assert step.tokens_per_second == pytest.approx(30 * step.requests_per_second)
    assert step.output_share == pytest.approx(2 / 3)
    assert Step(1).tokens_per_second == 0


@pytest.mark.parametrize(
    ("events", "error"),
    [
        (["{"], "no event of a stream"),
        (["[1]"], "no event of a stream"),
        (['{"usage": 3}'], "no event of a stream"),
        (['{"error": {"message": "no"}}', "[DONE]"], "error in the stream"),
        (['{"response": "a"}'], "broken off"),
    ],
)
async def test_streams_that_are_none(events: list[str], error: str) -> None:
    async with streamed(*events) as client:
        assert (await TARGET.ask(client, BODY)).error == error


async def test_without_usage_each_piece_of_text_is_a_token() -> None:
    pieces = [
        '{"choices": [{"delta": {"role": "assistant"}}]}',
        '{"choices": [{"delta": {"reasoning_content": "hm"}}]}',
        '{"choices": [{"delta": {"content": "a"}}]}',
        '{"choices": [{"delta": null}]}',
        "[DONE]",
    ]
    async with streamed(*pieces) as client:
        sample = await TARGET.ask(client, BODY)
    assert (sample.error, sample.completion_tokens, sample.prompt_tokens) == ("", 2, 0)


@pytest.fixture
async def slow() -> AsyncIterator[Callable[[float], httpx2.AsyncClient]]:
    """Clients of a server that answers in so many seconds."""
    made: list[httpx2.AsyncClient] = []

    def serving(seconds: float) -> httpx2.AsyncClient:
        async def answer(_: httpx2.Request) -> httpx2.Response:
            await asyncio.sleep(seconds)
            usage = '{"response": "a", "usage": {"prompt_tokens": 3, "completion_tokens": 4}}'
            return httpx2.Response(200, text=f"data: {usage}\n\ndata: [DONE]\n\n")

        made.append(httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))
        return made[-1]

    yield serving
    for client in made:
        await client.aclose()


async def test_clients_begin_one_after_the_other(slow: Any) -> None:
    step = await run_step(slow(0.02), TARGET, repeat(BODY), 4, 0.1, ramp=0.08)
    assert (step.since, step.clients) == (0.08, 4)
    assert step.until >= 0.18
    firsts = sorted(sample.began for sample in step.samples)
    assert firsts[0] < 0.02
    assert sum(began < 0.02 for began in firsts) < 4
    assert step.client_cpu > 0


async def test_arrivals_do_not_wait_for_answers(slow: Any) -> None:
    step = await run_arrivals(slow(0.5), TARGET, repeat(BODY), 100, 0.3, 64)
    assert step.offered == 100
    assert 10 < len(step.samples) < 60
    assert step.clients > 5
    assert step.errors == {}
    again = await run_arrivals(slow(0), TARGET, repeat(BODY), 100, 0.3, 64)
    assert {s.began for s in again.samples} == {s.began for s in step.samples}


async def test_too_many_at_once_are_errors_not_a_flood(slow: Any) -> None:
    step = await run_arrivals(slow(0.5), TARGET, repeat(BODY), 100, 0.2, 5)
    assert step.clients == 5
    assert step.errors.keys() == {TOO_MANY}
    found = at_rate(step, parse(""))
    assert found.best is None
    assert "errors" in found.limited_by


async def test_one_rate_that_holds(slow: Any) -> None:
    step = await run_arrivals(slow(0), TARGET, repeat(BODY), 20, 0.2, 64)
    step.client_cpu = step.client_lag = 0.0
    found = at_rate(step, parse("ttft_p95=5s"))
    assert found.best is step
    assert found.limited_by == "20 requests a second were all that were asked"


@pytest.mark.parametrize(("first", "best"), [(0.1, 4), (9.0, 2)])
@pytest.mark.parametrize(("cpu", "lag"), [(0.95, 0.001), (0.4, 0.2)])
async def test_a_client_that_is_busy_or_late_is_the_limit(
    first: float, best: int, cpu: float, lag: float
) -> None:
    async def run(clients: int) -> Step:
        busy = clients == 4
        sample = Sample(first if busy else 0.1, 10, 0, 100 * clients)
        return Step(clients, 0, 10, [sample], None, cpu if busy else 0.2, lag if busy else 0)

    found = await climb(run, parse("ttft_p95=1s"), 64)
    assert [step.clients for step in found.steps] == [1, 2, 4]
    assert found.best is not None
    assert found.best.clients == best
    said = f"this client is the limit: with 4 clients asking took {cpu:.0%} of a core"
    assert f"{said} and was {1000 * lag:.0f} ms late" in found.limited_by


async def test_a_loop_that_is_held_up_is_seen(slow: Any) -> None:
    async def hold() -> None:
        for _ in range(3):
            time.sleep(0.15)  # noqa: ASYNC251
            await asyncio.sleep(0)

    held = asyncio.create_task(hold())
    step = await run_step(slow(0.01), TARGET, repeat(BODY), 1, 0.05)
    await held
    assert step.client_lag > 0.05
