"""Ranking, summaries and translation as the embedded profile answers them (contract 4)."""

import httpx2
import pytest

from tests.acceptance.asking import ask, refusal
from tests.engines.passages import PASSAGES, QUERY, SENTENCES
from tests.server import RUN

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

RERANKER = "@cf/baai/bge-reranker-base"
SUMMARIZER = "@cf/facebook/bart-large-cnn"


@pytest.mark.contract("4")
async def test_the_passage_that_answers_comes_first(web: httpx2.AsyncClient) -> None:
    """bge-reranker-base: best first, `id` the index in contexts; a stand-in, and it says so."""
    contexts = [{"text": passage} for passage in PASSAGES]
    body = {"query": QUERY, "contexts": contexts, "top_k": 2}
    response = await web.post(RUN + RERANKER, json=body)
    found = response.json()["result"]["response"]
    assert [item["id"] for item in found] == [1, 0]
    assert found[0]["score"] > found[1]["score"]
    assert response.headers["x-fogbank-served-by"] == "all-MiniLM-L6-v2 similarity"


@pytest.mark.contract("4")
async def test_a_summary_of_the_texts_own_sentences(web: httpx2.AsyncClient) -> None:
    """bart-large-cnn: an extract, shorter than `max_length` tokens."""
    text = " ".join(SENTENCES)
    result = await ask(web, SUMMARIZER, input_text=text, max_length=60)
    kept = [sentence for sentence in SENTENCES if sentence in result["summary"]]
    assert result == {"summary": " ".join(kept)}
    assert 1 <= len(kept) <= 4


@pytest.mark.contract("4", "2.2")
@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("@cf/meta/m2m100-1.2b", {"text": "fog", "target_lang": "fr"}),
        ("@cf/baai/bge-m3", {"text": "fog"}),
    ],
)
async def test_what_has_no_stand_in(
    web: httpx2.AsyncClient, model: str, body: dict[str, str]
) -> None:
    """5018 names the profiles that have the weights (decisions.md 8)."""
    status, error = await refusal(web, model, **body)
    assert (status, error["code"]) == (403, 5018)
    assert "gpu-1x80gb" in error["message"]
