"""JSON mode of the real small model at temperature 1: what comes out fits, or it is an error.

The schemas are a public collection in `../shared/data`, beside this repository.
"""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import jsonschema_rs
import pytest

from tests.acceptance.asking import TEXT
from tests.acceptance.energy import plans, prompt, schema
from tests.real_server import RealServer
from tests.verify.conftest import Record

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.engine,
    pytest.mark.verify,
    pytest.mark.timeout(3600),
]
SAMPLE = Path(__file__).resolve().parents[3] / "shared" / "data" / "jsonschemabench-sample.jsonl"
DRAWN, SEED = 300, 5
MOST_ERRORS = 0.08
"""The aim is 0.05. Seen are 0.063, all in a category of puzzles made by hand (exactly one of three
overlapping ranges, no multiple of these and of those, and the like)."""

PUZZLES = "Handwritten"
MOST_ELSEWHERE = 0.01
AT_ONCE = 16
SLOW = {"x-fogbank-deadline": "900"}
"""Seconds. Two cores write 60 tokens a second for all requests together."""


async def answers(embedded: RealServer, bodies: list[dict[str, Any]]) -> list[httpx2.Response]:
    """In the order of the bodies, so many at a time."""
    places = asyncio.Semaphore(AT_ONCE)
    path = f"/client/v4/accounts/{'0' * 32}/ai/run/{TEXT}"

    async def one(web: httpx2.AsyncClient, body: dict[str, Any]) -> httpx2.Response:
        async with places:
            return await web.post(path, json=body, headers=SLOW)

    async with embedded.web(1800) as web:
        return await asyncio.gather(*(one(web, body) for body in bodies))


def body(asked: str, wanted: Any, **more: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": asked}],
        "response_format": {"type": "json_schema", "json_schema": wanted},
        "temperature": 1,
        **more,
    }


def fits(wanted: Any, answer: httpx2.Response) -> bool:
    value = answer.json()["result"]["response"]
    return bool(jsonschema_rs.validator_for(wanted, validate_formats=True).is_valid(value))


def told(answer: httpx2.Response) -> dict[str, str]:
    """The words of the evidence header, by their names."""
    words = answer.headers["x-fogbank-structured-output"].split("; ")
    return {name: value for name, _, value in (word.partition("=") for word in words)}


@pytest.mark.skipif(not SAMPLE.is_file(), reason="needs ../shared/data")
async def test_schemas_drawn_at_random(embedded: RealServer, record: Record) -> None:
    rows = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    drawn = random.Random(SEED).sample(rows, DRAWN)
    asked = [
        body(
            f"Write an example of: {row['schema'].get('description') or row['id']}"[:300],
            row["schema"],
            max_tokens=512,
            seed=number + 1,
        )
        for number, row in enumerate(drawn)
    ]
    got = await answers(embedded, asked)
    good = [(row, answer) for row, answer in zip(drawn, got, strict=True) if answer.is_success]
    wrong = [row["id"] for row, answer in good if not fits(row["schema"], answer)]
    errors = {
        row["id"]: answer.json()["errors"][0]["message"][:160]
        for row, answer in zip(drawn, got, strict=True)
        if not answer.is_success
    }
    record(
        schemas=DRAWN,
        valid=len(good) - len(wrong),
        wrong=wrong,
        errors=errors,
        tries=dict(Counter(told(answer)["tries"] for _, answer in good)),
        closed=sum("closed" in told(answer) for _, answer in good),
    )
    assert not wrong
    assert len(errors) <= MOST_ERRORS * DRAWN
    assert sum(not name.startswith(PUZZLES) for name in errors) <= MOST_ELSEWHERE * DRAWN


async def test_a_hundred_recommendations(embedded: RealServer, record: Record) -> None:
    """Numbers, enums and arrays of 5 to 10 objects with indices, in 512 to 1,024 tokens."""
    cases = [(schema(number), prompt(number), 512 + 128 * (number % 5)) for number in range(100)]
    asked = [
        body(text, wanted, max_tokens=tokens, seed=number + 1)
        for number, (wanted, text, tokens) in enumerate(cases)
    ]
    got = await answers(embedded, asked)
    failed = [answer.text[:200] for answer in got if not answer.is_success]
    wrong = [
        number
        for number, answer in enumerate(got)
        if answer.is_success and not fits(cases[number][0], answer)
    ]
    record(
        prompts=len(cases),
        failed=failed,
        wrong=wrong,
        tries=dict(Counter(told(answer)["tries"] for answer in got if answer.is_success)),
        closed=sum("closed" in told(answer) for answer in got if answer.is_success),
    )
    assert not failed
    assert not wrong
    assert all(len(plans(answer.json()["result"]["response"])) >= 5 for answer in got)
