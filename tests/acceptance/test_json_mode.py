"""JSON mode of the real small model: what comes out fits, whole and streamed, cut off or not."""

import asyncio
import re
from typing import Any

import httpx2
import jsonschema_rs
import orjson
import pytest

from tests.acceptance.asking import TEXT, Story, refusal
from tests.acceptance.energy import plans, prompt, schema
from tests.server import RUN

pytestmark = [pytest.mark.anyio, pytest.mark.engine]
HEADER = "x-fogbank-structured-output"
COUNTRY = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "capital": {"type": "string"},
        "languages": {"type": "array", "items": {"type": "string"}},
        "continent": {"enum": ["Africa", "Asia", "Europe"]},
    },
    "required": ["name", "capital", "languages", "continent"],
}


def body(wanted: Any, asked: str = "Tell me about India.", **more: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": asked}],
        "response_format": {"type": "json_schema", "json_schema": wanted},
        "temperature": 1,
        **more,
    }


async def answer(web: httpx2.AsyncClient, **asked: Any) -> tuple[Any, str]:
    """The value, and its evidence."""
    response = await web.post(RUN + TEXT, json=asked)
    assert response.status_code == 200, response.text
    return response.json()["result"]["response"], response.headers[HEADER]


@pytest.mark.contract("3.4", "decision 1")
async def test_scores_of_plans_at_temperature_1(web: httpx2.AsyncClient) -> None:
    cases = [(schema(number), prompt(number)) for number in range(3)]
    got = await asyncio.gather(
        *(
            answer(web, **body(wanted, asked, max_tokens=512, seed=number + 1))
            for number, (wanted, asked) in enumerate(cases)
        )
    )
    for (wanted, _), (value, evidence) in zip(cases, got, strict=True):
        jsonschema_rs.validator_for(wanted, validate_formats=True).validate(value)
        assert 5 <= len(plans(value)) <= 10
        assert re.fullmatch(
            r"sha256=[0-9a-f]{64}; backend=llguidance; compile-ms=\d+\.\d; tries=\d+;"
            r"( closed;)? verified",
            evidence,
        )


@pytest.mark.contract("3.4")
async def test_a_stream_grows_to_the_verified_whole(web: httpx2.AsyncClient) -> None:
    story = await Story().read(web, **body(COUNTRY, seed=1))
    assert story.finished
    assert len(story.events) > 10
    jsonschema_rs.validate(COUNTRY, orjson.loads(story.text))
    verdict = story.events[-1]["structured_output"]
    assert verdict["verified"] is True
    assert (verdict["tries"], verdict["backend"]) == (1, "llguidance")


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_is_closed_where_max_tokens_nears(
    web: httpx2.AsyncClient, streamed: bool
) -> None:
    """A list of short texts that this model does not end by itself."""
    wanted = {
        "type": "object",
        "properties": {
            "story": {"type": "string", "minLength": 100, "maxLength": 4000},
            "mood": {"enum": ["happy", "sad"]},
        },
        "required": ["story", "mood"],
    }
    asked = body(wanted, "Tell me a very long story.", max_tokens=80, seed=3)
    if streamed:
        story = await Story().read(web, **asked)
        assert story.finished, story.data[-1]
        value, closed = orjson.loads(story.text), story.events[-1]["structured_output"]["closed"]
    else:
        value, evidence = await answer(web, **asked)
        closed = "closed" in evidence
    jsonschema_rs.validate(wanted, value)
    assert closed


async def test_what_can_only_be_verified_is_met_too(web: httpx2.AsyncClient) -> None:
    wanted = {
        "type": "object",
        "properties": {
            "even": {"type": "integer", "multipleOf": 2, "minimum": -100, "maximum": 100},
            "colours": {
                "type": "array",
                "items": {"enum": ["red", "green", "blue", "white"]},
                "minItems": 1,
                "maxItems": 3,
                "uniqueItems": True,
            },
            "not_seven": {"type": "integer", "minimum": 6, "maximum": 9, "not": {"const": 7}},
        },
        "required": ["even", "colours", "not_seven"],
    }
    got = await asyncio.gather(*(answer(web, **body(wanted, seed=seed)) for seed in (1, 2, 3)))
    for value, _ in got:
        jsonschema_rs.validate(wanted, value)


async def test_a_choice_and_a_regex(web: httpx2.AsyncClient) -> None:
    asked = {"model": TEXT, "messages": [{"role": "user", "content": "Is the sky blue?"}]}
    for form, pattern in (
        ({"choice": ["yes", "no", "perhaps"]}, "yes|no|perhaps"),
        ({"regex": r"[A-Z][a-z]{2,5} \d{4}"}, r"[A-Z][a-z]{2,5} \d{4}"),
    ):
        response = await web.post(
            "/v1/chat/completions", json={**asked, "structured_outputs": form, "temperature": 1}
        )
        assert response.status_code == 200, response.text
        text = response.json()["choices"][0]["message"]["content"]
        assert re.fullmatch(pattern, text), text
        assert response.headers[HEADER].endswith("verified")


@pytest.mark.contract("3.4")
async def test_a_schema_that_nothing_fits_is_refused_with_the_reason(
    web: httpx2.AsyncClient,
) -> None:
    status, error = await refusal(
        web, TEXT, **body({"type": "integer", "minimum": 3, "maximum": 2})
    )
    assert (status, error["code"]) == (400, 8001)
    assert "the JSON schema allows no value: minimum (3) is greater" in error["message"]
