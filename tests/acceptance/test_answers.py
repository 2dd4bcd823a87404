"""What real weights answer (issue 2, "It is done when")."""

import math
from typing import Any

import httpx2
import jsonschema_rs
import orjson
import pytest

from tests.acceptance.asking import (
    CAPITAL,
    EMBEDDINGS,
    ENTITIES,
    SENTIMENT,
    STAND_IN,
    TEXT,
    ask,
    refusal,
)
from tests.server import RUN

pytestmark = [pytest.mark.anyio, pytest.mark.engine]
CITY = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "maxLength": 20},
        "large": {"type": "boolean"},
        "rank": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["city", "large", "rank"],
    "additionalProperties": False,
}


@pytest.mark.contract("1.1", "3.2")
@pytest.mark.parametrize(
    "body", [{"prompt": CAPITAL}, {"messages": [{"role": "user", "content": CAPITAL}]}]
)
async def test_the_capital_of_france(web: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    result = await ask(web, TEXT, **body)
    assert "Paris" in result["response"]
    assert result["tool_calls"] == []
    usage = result["usage"]
    assert usage["completion_tokens"] in range(3, 40)
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.contract("3.5")
async def test_a_raw_prompt_is_continued(web: httpx2.AsyncClient) -> None:
    body = {"prompt": "The capital of France is", "raw": True, "max_tokens": 2}
    result = await ask(web, TEXT, **body)
    assert result["response"].startswith(" Paris")
    assert result["usage"]["completion_tokens"] == 2
    assert result["usage"]["prompt_tokens"] < 8, "a chat template was put around it"


@pytest.mark.contract("3.1")
async def test_a_seed_makes_an_answer_repeatable(web: httpx2.AsyncClient) -> None:
    body = {"prompt": "Name a colour.", "seed": 7, "temperature": 1, "max_tokens": 8}
    answers = {(await ask(web, TEXT, **body))["response"] for _ in range(3)}
    assert len(answers) == 1


@pytest.mark.contract("decision 9")
async def test_a_stand_in_says_so(web: httpx2.AsyncClient) -> None:
    headers = (await web.post(RUN + TEXT, json={"prompt": "a", "max_tokens": 1})).headers
    assert headers["x-fogbank-served-by"] == STAND_IN
    assert headers["content-type"] == "application/json"
    assert len(headers["cf-ai-req-id"]) == 36
    assert (
        "MiniLM"
        in (await web.post(RUN + EMBEDDINGS, json={"text": "a"})).headers["x-fogbank-served-by"]
    )


@pytest.mark.contract("4")
@pytest.mark.parametrize(
    "text", ["I love this.", "What a wonderful, happy day!", "The food was delicious."]
)
async def test_kind_words_are_positive(web: httpx2.AsyncClient, text: str) -> None:
    await is_labelled(web, text, "POSITIVE")


@pytest.mark.contract("4")
@pytest.mark.parametrize(
    "text", ["This is terrible.", "I hate waiting.", "The worst film I have ever seen."]
)
async def test_harsh_words_are_negative(web: httpx2.AsyncClient, text: str) -> None:
    await is_labelled(web, text, "NEGATIVE")


async def is_labelled(web: httpx2.AsyncClient, text: str, label: str) -> None:
    scores = {item["label"]: item["score"] for item in await ask(web, SENTIMENT, text=text)}
    assert scores.keys() == {"POSITIVE", "NEGATIVE"}
    assert math.isclose(sum(scores.values()), 1, abs_tol=1e-4)
    assert 0.5 < scores[label] < 0.9999


PLAIN_SENTENCES = {
    "Microsoft opened a new office in Berlin.": {("Microsoft", "ORG"), ("Berlin", "LOC")},
    "The World Bank funds a wind farm in Morocco.": {("World Bank", "ORG"), ("Morocco", "LOC")},
    "Google was founded in California.": {("Google", "ORG"), ("California", "LOC")},
}


@pytest.mark.contract("decision 7")
@pytest.mark.parametrize("text", PLAIN_SENTENCES)
async def test_organizations_and_places_are_found(web: httpx2.AsyncClient, text: str) -> None:
    found = await ask(web, ENTITIES, text=text)
    for entity in found:
        assert entity.keys() == {"entity_group", "word", "score", "start", "end"}
        assert 0 < entity["score"] <= 1
    spans = {(text[entity["start"] : entity["end"]], entity["entity_group"]) for entity in found}
    for word, group in PLAIN_SENTENCES[text]:
        assert any(word in span and group == said for span, said in spans), found


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


@pytest.mark.contract("4", "decision 13")
@pytest.mark.parametrize("pooling", ["mean", "cls"])
async def test_embeddings(web: httpx2.AsyncClient, pooling: str) -> None:
    texts = ["A man is eating food.", "Somebody has a meal.", "The stock market fell today."]
    result = await ask(web, EMBEDDINGS, text=texts, pooling=pooling)
    assert (result["shape"], result["pooling"]) == ([3, 384], pooling)
    rows = result["data"]
    assert all(math.isclose(dot(row, row), 1, abs_tol=1e-4) for row in rows)
    alike, unlike = dot(rows[0], rows[1]), dot(rows[0], rows[2])
    assert alike > unlike + 0.2


@pytest.mark.contract("4")
async def test_the_poolings_differ_and_a_batch_does_not(web: httpx2.AsyncClient) -> None:
    text = "A man is eating food."
    (mean,) = (await ask(web, EMBEDDINGS, text=text))["data"]
    (cls,) = (await ask(web, EMBEDDINGS, text=text, pooling="cls"))["data"]
    assert dot(mean, cls) < 0.99
    among_others = (await ask(web, EMBEDDINGS, text=["x", "word " * 99, text]))["data"][2]
    assert dot(mean, among_others) > 0.9999


@pytest.mark.contract("3.4", "decision 1")
async def test_json_mode_with_a_schema_gives_the_value(web: httpx2.AsyncClient) -> None:
    wanted = {"type": "json_schema", "json_schema": CITY}
    body = {"prompt": "Describe Paris as JSON.", "response_format": wanted, "temperature": 0}
    value = (await ask(web, TEXT, **body))["response"]
    assert isinstance(value, dict)
    jsonschema_rs.validate(CITY, value)


@pytest.mark.contract("3.4", "decision 1")
async def test_json_mode_without_a_schema_gives_text(web: httpx2.AsyncClient) -> None:
    body = {
        "prompt": 'Write a JSON object with one key "a" and the value 1, nothing else.',
        "response_format": {"type": "json_object"},
        "temperature": 0,
    }
    text = (await ask(web, TEXT, **body))["response"]
    assert isinstance(text, str)
    assert isinstance(orjson.loads(text), dict | list)


@pytest.mark.contract("3.4")
async def test_json_that_is_cut_off_is_an_error(web: httpx2.AsyncClient) -> None:
    wanted = {"type": "json_schema", "json_schema": {"type": "string", "minLength": 500}}
    body = {"prompt": "Write.", "response_format": wanted, "max_tokens": 3}
    status, error = await refusal(web, TEXT, **body)
    assert (status, error["code"]) == (400, 3030)
    assert "max_tokens" in error["message"]


@pytest.mark.contract("2.2", "8")
async def test_over_the_context_window_the_real_count_is_told(web: httpx2.AsyncClient) -> None:
    prompt = "word " * 5000
    status, error = await refusal(web, TEXT, prompt=prompt, raw=True, max_tokens=10)
    assert (status, error["code"]) == (413, 5021)
    assert "tokens (5011) exceeded" in error["message"] or "(5010)" in error["message"]
    assert "window limit (4096)" in error["message"]
    status, _ = await refusal(web, TEXT, prompt="word", raw=True, max_tokens=4096)
    assert status == 413
