"""Reranking and summaries by tiny random encoders: the numbers are transformers' own."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fogbank.engines.base import EngineRefused, EngineTooLong
from fogbank.engines.transformers import TransformersEngine
from fogbank.tasks import (
    RERANKING,
    TEXT_EMBEDDINGS,
    Pooling,
    RerankingRequest,
    RerankingResult,
    SummarizationRequest,
    SummarizationResult,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
)
from tests.engines import tiny_models

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

Make = Callable[..., Awaitable[TransformersEngine]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    auto = "BertForSequenceClassification"
    return {
        TEXT_EMBEDDINGS: tiny_models.encoder(root / "embed", "BertModel"),
        RERANKING: tiny_models.encoder(root / "rerank", auto, ["relevance"]),
        "two labels": tiny_models.encoder(root / "classify", auto),
    }


@pytest.fixture
async def make(models: dict[str, Path]) -> AsyncIterator[Make]:
    engines = []

    async def make(task: str, **options: Any) -> TransformersEngine:
        engine = TransformersEngine("tiny", models[task], task=task, options=options)
        engines.append(engine)
        await engine.start()
        return engine

    yield make
    for engine in engines:
        await engine.stop()


async def rerank(
    engine: TransformersEngine, query: str, *contexts: str, **how: Any
) -> RerankingResult:
    result = await engine.run(RerankingRequest(query, contexts, **how))
    assert isinstance(result, RerankingResult)
    return result


async def test_scores_are_the_sigmoid_of_the_one_logit(make: Make, models: dict[str, Path]) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = str(models[RERANKING])
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    passages = ("sun", "fog in london .", "rain , rain")
    expected, tokens = [], 0
    for passage in passages:
        inputs = tokenizer("fog bank", passage, return_tensors="pt")
        tokens += inputs["input_ids"].shape[1]
        with torch.inference_mode():
            expected.append(torch.sigmoid(model(**inputs).logits)[0, 0].item())
    result = await rerank(await make(RERANKING), "fog bank", *passages)
    assert result.scores == pytest.approx(expected, abs=1e-5)
    assert len({round(score, 5) for score in result.scores}) == 3
    assert result.usage.prompt_tokens == tokens  # the query is read with every passage


async def test_a_pair_is_cut_at_the_end_of_the_passage(make: Make) -> None:
    engine = await make(RERANKING)
    query, room = "fog bank", 64 - 3 - 2  # [CLS] and two [SEP]
    result = await rerank(
        engine, query, "rain " * room, "rain " * room + "sun", "rain " * 9_999, "rain " * 9
    )
    assert result.scores[1:3] == pytest.approx([result.scores[0]] * 2, abs=1e-6)
    assert result.scores[3] != pytest.approx(result.scores[0], abs=1e-6)
    assert result.usage.prompt_tokens == 3 * 64 + 14


@pytest.mark.parametrize("query", ["fog " * 63, "fog " * 9_999])
async def test_a_query_that_leaves_no_room(make: Make, query: str) -> None:
    with pytest.raises(EngineRefused, match="no room for a passage in the model's 64 tokens"):
        await rerank(await make(RERANKING), query, "rain")


async def test_a_classifier_is_no_reranker(models: dict[str, Path]) -> None:
    engine = TransformersEngine("tiny", models["two labels"], task=RERANKING)
    with pytest.raises(OSError, match="2 labels, a reranker's give one"):
        await engine.start()


@pytest.mark.parametrize("pooling", ["mean", "cls"])
async def test_embeddings_rank_by_cosine(make: Make, pooling: Pooling) -> None:
    engine = await make(TEXT_EMBEDDINGS)
    texts = ("fog bank", "sun", "fog in london")
    embedded = await engine.run(TextEmbeddingsRequest(texts, pooling))
    assert isinstance(embedded, TextEmbeddingsResult)
    query, *rows = embedded.vectors
    expected = [math.fsum(a * b for a, b in zip(query, row, strict=True)) for row in rows]
    result = await rerank(engine, *texts, pooling=pooling)
    assert result.scores == pytest.approx(expected, abs=1e-6)
    assert result.usage == embedded.usage  # the query once


async def test_a_text_too_long_is_refused_where_it_may_not_be_cut(make: Make) -> None:
    engine = await make(TEXT_EMBEDDINGS)
    for words in (63, 200, 9_999):
        text = "fog " * words
        with pytest.raises(EngineTooLong) as error:
            await engine.run(TextEmbeddingsRequest(("sun", text), truncate=False))
        assert error.value.tokens == pytest.approx(words + 2, rel=0.01)
        with pytest.raises(EngineTooLong):
            await rerank(engine, "sun", text, truncate=False)
    whole = await engine.run(TextEmbeddingsRequest(("fog " * 62,), truncate=False))
    assert whole.usage.prompt_tokens == 64


async def summarize(engine: TransformersEngine, text: str, max_length: int) -> SummarizationResult:
    result = await engine.run(SummarizationRequest(text, max_length))
    assert isinstance(result, SummarizationResult)
    return result


async def test_a_summary_is_sentences_in_their_order(make: Make) -> None:
    engine = await make(TEXT_EMBEDDINGS)
    parts = ["Fog in London.", "Sun, rain, fog.", "Ada.", "A bank in London.", "Rain.", "Sun."]
    result = await summarize(engine, "  ".join(parts), 1024)
    kept = [part for part in parts if part in result.summary]
    assert result.summary == " ".join(kept)
    assert len(kept) == 2
    assert result.usage.completion_tokens == 0  # nothing was written


@pytest.mark.parametrize("max_length", [1, 3, 70])
async def test_of_a_long_sentence_only_its_beginning(make: Make, max_length: int) -> None:
    engine = await make(TEXT_EMBEDDINGS)
    result = await summarize(engine, "fog bank " * 100, max_length)
    assert len(result.summary.split()) == min(max_length, 62)  # of the 64 that were read
    assert ("fog bank " * 100).startswith(result.summary)


async def test_a_text_of_blanks_has_an_empty_summary(make: Make) -> None:
    assert (await summarize(await make(TEXT_EMBEDDINGS), " \n ", 9)).summary == ""
