"""`fogbank bench` against a server on this event loop: fake engines, real HTTP."""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import repeat
from pathlib import Path

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.load.climb import climb
from fogbank.load.mix import recorded, synthetic
from fogbank.load.objective import Objective, parse
from fogbank.load.step import Step, quantile, run_step
from fogbank.load.target import DIALECTS, Dialect, Sample, Target
from tests.server import ACCOUNT, TEXT, live, profile, running, settings

BODY = {"messages": [{"role": "user", "content": "one two three four five"}], "max_tokens": 5}


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Target]:
    served = profile(options={"seconds_per_token": 0.002}, max_concurrent=4, max_waiting=2)
    async with running(settings(tmp_path), served) as fogbank, live(fogbank.server) as url:
        yield Target(url, TEXT, "workers-ai", ACCOUNT)


@pytest.mark.anyio
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_one_answer_in_each_dialect(target: Target, dialect: Dialect) -> None:
    asked = Target(target.url, TEXT, dialect, ACCOUNT)
    async with httpx2.AsyncClient(trust_env=False) as client:
        for body in (BODY, {"prompt": "one two three four five", "max_tokens": 5}):
            sample = await asked.ask(client, body)
            assert sample.error == ""
            assert sample.completion_tokens == 5
            assert sample.prompt_tokens >= 5
            assert 0 < sample.first < sample.whole
            assert sample.per_token is not None


@pytest.mark.anyio
async def test_a_step_counts_answers_and_refusals(target: Target) -> None:
    async with httpx2.AsyncClient(trust_env=False, limits=httpx2.Limits(max_connections=None)) as c:
        step = await run_step(c, target, repeat(BODY), 2, 0.2)
        assert step.errors == {}
        assert len(step.samples) >= 4
        assert step.tokens_per_second > step.output_tokens_per_second > 0
        assert 0 < step.output_share < 1
        full = await run_step(c, target, repeat(BODY), 40, 0.2)
        assert full.errors.keys() == {"429"}
        assert 0 < full.value("errors") < 1
        gone = Target("http://127.0.0.1:9", TEXT, "openai", ACCOUNT)
        assert (await gone.ask(c, BODY)).error == "ConnectError"


@pytest.mark.anyio
async def test_it_stops_by_itself_where_requests_are_refused(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogbank.load.climb.is_limit", lambda _: False)  # it is server and client
    async with httpx2.AsyncClient(trust_env=False, limits=httpx2.Limits(max_connections=None)) as c:
        found = await climb(
            lambda clients: run_step(c, target, repeat(BODY), clients, 0.3), parse(""), 64
        )
    assert found.best is not None
    assert found.best.clients <= 8
    clients = [step.clients for step in found.steps]
    assert clients == sorted(clients)
    assert "errors" in found.limited_by or "it is full" in found.limited_by


def pretended(clients: int, tokens: float, first: float, errors: int = 0) -> Step:
    sample = Sample(first, first + 1, 0, round(tokens * (first + 1)))
    return Step(clients, 0, first + 1, [sample] + [Sample(error="429")] * errors)


def by(figures: dict[int, tuple[float, float]]) -> object:
    async def run(clients: int) -> Step:
        return pretended(clients, *figures[clients])

    return run


@pytest.mark.parametrize(
    ("figures", "best", "steps", "limited"),
    [
        (
            {1: (10, 0.1), 2: (20, 0.2), 4: (40, 0.3), 8: (80, 2.0), 6: (60, 0.9), 7: (70, 1.5)},
            6,
            [1, 2, 4, 6, 7, 8],
            "ttft_p95 2 s, over 1 s",
        ),
        ({1: (100, 0.1), 2: (102, 0.2)}, 2, [1, 2], "it is full"),
        ({1: (10, 3.0)}, None, [1], "ttft_p95 3 s"),
        ({1: (10, 0.1), 2: (20, 0.1), 4: (40, 0.1), 5: (50, 0.1)}, 5, [1, 2, 4, 5], "5 clients"),
    ],
)
def test_what_limits_it(
    figures: dict[int, tuple[float, float]], best: int | None, steps: list[int], limited: str
) -> None:
    found = asyncio.run(climb(by(figures), parse("ttft_p95=1s"), 5 if 5 in figures else 64))  # type: ignore[arg-type]
    assert (found.best and found.best.clients) == best
    assert [step.clients for step in found.steps] == steps
    assert limited in found.limited_by


def test_objectives() -> None:
    told = parse(" ttft_p95=1s, tpot_p50 = 80ms,errors=2%")
    assert told == Objective({"ttft_p95": 1.0, "tpot_p50": 0.08, "errors": 0.02})
    assert parse("") == Objective({"errors": 0.01})
    for wrong in ("ttft_p95", "ttft_p90=1s", "ttft_p95=fast", "speed=1"):
        with pytest.raises(ValueError, match="is not like ttft_p95=1s"):
            parse(wrong)
    assert "errors 0.5, over 0.01" in parse("").broken(pretended(1, 1, 0, errors=1))


@given(st.lists(st.floats(0, 100), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_quantiles(values: list[float], share: float) -> None:
    found = quantile(values, share)
    assert sum(value <= found for value in values) >= share * len(values)
    assert sum(value < found for value in values) < max(1, share * len(values))
    assert quantile([], share) == 0


def test_mixes(tmp_path: Path) -> None:
    first, second = synthetic(100, 7), synthetic(100, 7)
    bodies = [next(first) for _ in range(3)]
    assert bodies == [next(second) for _ in range(3)]
    assert bodies[0] != bodies[1]
    assert bodies[0]["max_tokens"] == 7
    assert 90 <= len(bodies[0]["messages"][0]["content"].split()) <= 110

    file = tmp_path / "mix.jsonl"
    lines = [{"prompt": "a", "model": "x", "stream": True}, {"request": BODY, "response": "b"}]
    file.write_text("\n\n".join(map(json.dumps, lines)))
    mix = recorded(file)
    assert [next(mix) for _ in range(3)] == [{"prompt": "a"}, BODY, {"prompt": "a"}]
    for text, told in (("", "no requests"), ("{", ":1: is no JSON"), ('\n{"a": 1}', ":2: has")):
        file.write_text(text)
        with pytest.raises(ValueError, match=told):
            recorded(file)
