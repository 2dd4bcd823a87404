"""Reranking, summarization, translation and the three forms of bge-m3, on fake engines."""

import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import tests.server
from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.dialects.workers_ai.forms.translation import languages
from fogbank.engines.base import EngineRefused
from fogbank.tasks import (
    RerankingRequest,
    SummarizationRequest,
    TaskRequest,
    TextEmbeddingsRequest,
    TranslationRequest,
)
from tests.server import Running, running, settings

pytestmark = pytest.mark.anyio

RERANK, SUMMARIZE = "@cf/test/reranker", "@cf/test/summarizer"
TRANSLATE, MULTI = "@cf/test/translator", "@cf/test/multi"
WINDOW = 6
MODELS: dict[str, dict[str, Any]] = {
    RERANK: {"task": "Reranking", "input": "reranking"},
    SUMMARIZE: {"task": "Summarization", "input": "summarization"},
    TRANSLATE: {"task": "Translation", "input": "translation"},
    MULTI: {
        "task": "Text Embeddings",
        "input": "bge-m3",
        "context_window": 60000,
        "pooling": "cls",
        "truncates": False,
    },
}
KEYS = {name: name.rpartition("/")[2] for name in MODELS}


@pytest.fixture
async def fogbank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    cards = ({"name": name, **card} for name, card in MODELS.items())
    monkeypatch.setattr(tests.server, "CARDS", (*tests.server.CARDS, *cards))
    profile = Profile(
        name="test",
        description="Fake engines.",
        hardware="cpu",
        engines={
            KEYS[name]: EngineSpec(
                engine="fake", task=card["task"], options={"context_window": WINDOW}
            )
            for name, card in MODELS.items()
        },
        models={name: Served(engine=KEYS[name]) for name in MODELS},
    )
    async with running(settings(tmp_path), profile) as it:
        yield it


async def result(fogbank: Running, model: str, body: dict[str, Any]) -> Any:
    response = await fogbank.run(model, body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    return response.json()["result"]


async def error(fogbank: Running, model: str, body: dict[str, Any]) -> tuple[int, int, str]:
    response = await fogbank.run(model, body)
    (found,) = response.json()["errors"]
    return response.status_code, found["code"], found["message"]


def asked(fogbank: Running, model: str) -> TaskRequest:
    return fogbank.builder.built[KEYS[model]][-1].requests[-1]


CONTEXTS = [{"text": "fog and rain"}, {"text": "the fog bank"}, {"text": "sun"}]
RANKED = [{"id": 1, "score": 1.0}, {"id": 0, "score": 0.5}, {"id": 2, "score": 0.0}]


@pytest.mark.contract("4")
@pytest.mark.parametrize(("top_k", "count"), [(None, 3), (1, 1), (2, 2), (9, 3)])
async def test_reranking_gives_the_best_first(
    fogbank: Running, top_k: int | None, count: int
) -> None:
    """bge-reranker-base: `id` is the index in contexts; top_k cuts."""
    body: dict[str, Any] = {"query": "fog bank", "contexts": CONTEXTS}
    if top_k is not None:
        body["top_k"] = top_k
    assert await result(fogbank, RERANK, body) == {"response": RANKED[:count]}
    request = asked(fogbank, RERANK)
    assert isinstance(request, RerankingRequest)
    assert request.contexts == ("fog and rain", "the fog bank", "sun")


@pytest.mark.contract("4")
async def test_equal_scores_keep_the_order_of_the_contexts(fogbank: Running) -> None:
    """bge-reranker-base: the answer does not depend on anything but the request."""
    body = {"query": "fog", "contexts": [{"text": "a"}, {"text": "fog"}, {"text": "b"}]}
    found = await result(fogbank, RERANK, body)
    assert [item["id"] for item in found["response"]] == [1, 0, 2]


@pytest.mark.contract("4", "2.3")
@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({"query": "a"}, 5006, "Error: required properties at '/' are 'query,contexts'"),
        ({"query": "", "contexts": CONTEXTS}, 5006, "Length of '/query' must be >= 1"),
        ({"query": "a", "contexts": CONTEXTS, "top_k": 0}, 5006, "'/top_k' must be >= 1"),
        (
            {"query": "a", "contexts": [{"text": None}]},
            5006,
            "Type mismatch of '/contexts/0/text', 'string' not in 'null'",
        ),
        ({"query": "a", "contexts": []}, 8001, "'contexts' is empty"),
        ({"query": "a", "contexts": [CONTEXTS[0], {}]}, 8001, "'contexts/1' has no 'text'"),
    ],
)
async def test_reranking_that_is_refused(
    fogbank: Running, body: dict[str, Any], code: int, part: str
) -> None:
    """bge-reranker-base: what the schema refuses, and what it lets through without a text."""
    status, found, message = await error(fogbank, RERANK, body)
    assert (status, found) == (400, code)
    assert part in message


@pytest.mark.contract("4")
async def test_m3_embeds_texts(fogbank: Running) -> None:
    """bge-m3 with `text`: vectors under `data`."""
    found = await result(fogbank, MULTI, {"text": ["a", "b"]})
    assert found.keys() == {"shape", "data", "pooling"}
    assert (found["shape"], found["pooling"]) == ([2, 384], "cls")
    assert math.isclose(math.hypot(*found["data"][1]), 1, abs_tol=1e-6)
    single = await result(fogbank, MULTI, {"text": "b"})
    assert single["data"] == found["data"][1:]


@pytest.mark.contract("4")
async def test_m3_ranks_contexts_for_a_query(fogbank: Running) -> None:
    """bge-m3 with `query` and `contexts`: scores under `response`."""
    body = {"query": "fog bank", "contexts": CONTEXTS}
    assert await result(fogbank, MULTI, body) == {"response": RANKED}
    assert asked(fogbank, MULTI) == RerankingRequest(
        "fog bank", ("fog and rain", "the fog bank", "sun"), None, "cls", False
    )


@pytest.mark.contract("4")
async def test_m3_embeds_contexts(fogbank: Running) -> None:
    """bge-m3 with `contexts` alone: vectors under `response`, not `data`."""
    found = await result(fogbank, MULTI, {"contexts": CONTEXTS[:2]})
    assert found.keys() == {"response", "shape", "pooling"}
    assert (found["shape"], found["pooling"]) == ([2, 384], "cls")
    texts = await result(fogbank, MULTI, {"text": ["fog and rain", "the fog bank"]})
    assert found["response"] == texts["data"]


LONG = "one two three four five six seven"


@pytest.mark.contract("4", "2.2")
@pytest.mark.parametrize(
    "body",
    [
        {"text": ["a", LONG]},
        {"text": LONG, "truncate_inputs": False},
        {"query": "a", "contexts": [{"text": LONG}]},
        {"contexts": [{"text": LONG}]},
    ],
)
async def test_m3_refuses_what_is_too_long(fogbank: Running, body: dict[str, Any]) -> None:
    """bge-m3: `truncate_inputs` is false by default; the engine's window is the smaller one."""
    status, code, message = await error(fogbank, MULTI, body)
    assert (status, code) == (413, 5021)
    assert "output tokens (7) exceeded this model context window limit (6)" in message
    assert await result(fogbank, MULTI, {**body, "truncate_inputs": True})


@pytest.mark.contract("4", "2.3")
@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({"query": "a"}, 5006, "required properties at '/' are 'contexts'"),
        ({"text": ["x"] * 101}, 5006, "Length of '/text' must be <= 100"),
        ({"text": []}, 8001, "'text' is empty"),
        ({"contexts": []}, 8001, "'contexts' is empty"),
        ({"query": "a", "contexts": [{}]}, 8001, "'contexts/0' has no 'text'"),
    ],
)
async def test_m3_that_is_refused(
    fogbank: Running, body: dict[str, Any], code: int, part: str
) -> None:
    """bge-m3: at most 100 texts, none empty."""
    status, found, message = await error(fogbank, MULTI, body)
    assert (status, found) == (400, code)
    assert part in message


@pytest.mark.contract("4")
async def test_summarization(fogbank: Running) -> None:
    """bart-large-cnn: the summary alone; 1024 tokens unless the body says otherwise."""
    body = {"input_text": "Fog comes in. It stays for days."}
    assert await result(fogbank, SUMMARIZE, body) == {"summary": "Fog comes in."}
    assert asked(fogbank, SUMMARIZE) == SummarizationRequest(body["input_text"], 1024)
    short = await result(fogbank, SUMMARIZE, {**body, "max_length": 2})
    assert short == {"summary": "Fog comes"}


@pytest.mark.contract("4", "2.3")
@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({"text": "a"}, 5006, "Error: required properties at '/' are 'input_text'"),
        ({"input_text": "a", "max_length": "9"}, 5006, "'integer' not in 'string'"),
        ({"input_text": "a", "max_length": 0}, 8001, "'max_length' must be at least 1"),
        ({"input_text": "a", "max_length": -3}, 8001, "'max_length' must be at least 1"),
    ],
)
async def test_summarization_that_is_refused(
    fogbank: Running, body: dict[str, Any], code: int, part: str
) -> None:
    """bart-large-cnn: what is no text, and a length that leaves no summary."""
    status, found, message = await error(fogbank, SUMMARIZE, body)
    assert (status, found) == (400, code)
    assert part in message


@pytest.mark.contract("4")
@pytest.mark.parametrize(
    ("source", "target", "codes"),
    [
        (None, "fr", ("en", "fr")),
        ("en", "es", ("en", "es")),
        ("english", "french", ("en", "fr")),
        ("English", "FRENCH", ("en", "fr")),
        (" DE ", "chinese", ("de", "zh")),
        ("norwegian", "Haitian Creole", ("no", "ht")),
    ],
)
async def test_languages_are_codes_or_names(
    fogbank: Running, source: str | None, target: str, codes: tuple[str, str]
) -> None:
    """m2m100-1.2b: `en` and `english`, in any case; English where no source is named."""
    body = {"text": "fog", "target_lang": target} | ({"source_lang": source} if source else {})
    assert await result(fogbank, TRANSLATE, body) == {
        "translated_text": f"[{codes[0]}>{codes[1]}] fog"
    }
    assert asked(fogbank, TRANSLATE) == TranslationRequest("fog", *codes)


@pytest.mark.contract("4", "2.2")
@pytest.mark.parametrize("key", ["source_lang", "target_lang"])
async def test_a_language_that_nobody_knows(fogbank: Running, key: str) -> None:
    """m2m100-1.2b: the error says how to name a language."""
    body = {"text": "fog", "target_lang": "fr", key: "klingon"}
    status, code, message = await error(fogbank, TRANSLATE, body)
    assert (status, code) == (400, 8001)
    assert f"'{key}' is no language known here" in message
    assert "en (english), es (spanish), et (estonian)" in message


@pytest.mark.contract("4", "2.3")
async def test_translation_needs_a_target(fogbank: Running) -> None:
    """m2m100-1.2b: text and target_lang are required."""
    message = (await error(fogbank, TRANSLATE, {"text": "fog"}))[2]
    assert "Error: required properties at '/' are 'text,target_lang'" in message


@pytest.mark.contract("2.2")
async def test_what_only_the_engine_refuses(fogbank: Running) -> None:
    """8001 with the engine's own words."""
    engine = fogbank.builder.built[KEYS[TRANSLATE]][-1]
    engine.fail_next(EngineRefused("this model does not know 'zu'"))
    body = {"text": "fog", "target_lang": "zu"}
    status, code, message = await error(fogbank, TRANSLATE, body)
    assert (status, code) == (400, 8001)
    assert "this model does not know 'zu'" in message


async def test_usage_of_the_tasks(fogbank: Running) -> None:
    requests: list[tuple[str, TaskRequest, tuple[int, int]]] = [
        (RERANK, RerankingRequest("a b", ("c", "d e")), (5, 0)),
        (SUMMARIZE, SummarizationRequest("A b c. D."), (4, 3)),
        (TRANSLATE, TranslationRequest("a b", "en", "fr"), (2, 3)),
        (MULTI, TextEmbeddingsRequest(("a", "b c")), (3, 0)),
    ]
    for model, request, expected in requests:
        usage = (await fogbank.builder.built[KEYS[model]][-1].run(request)).usage
        assert (usage.prompt_tokens, usage.completion_tokens) == expected


def test_the_languages() -> None:
    table = languages()
    named = [name for names in table.values() for name in names]
    assert len(named) == len(set(named))
    assert all(name == name.lower().strip() != "" for name in named)
    assert all(isinstance(code, str) for code in table)  # YAML reads a bare `no` as false
    assert not set(named) & set(table)
