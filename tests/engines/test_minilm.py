"""The packaged MiniLM where it stands in: ranking passages, and summaries of a text's sentences."""

from collections.abc import AsyncIterator

import pytest

from fogbank.catalog.loader import load_catalog
from fogbank.engines.factory import build_engine
from fogbank.engines.transformers import TransformersEngine
from fogbank.settings import package_data
from fogbank.tasks import (
    RerankingRequest,
    RerankingResult,
    SummarizationRequest,
    SummarizationResult,
)
from tests.engines import packaged
from tests.engines.passages import PASSAGES, QUERY, SENTENCES

pytestmark = [pytest.mark.anyio, pytest.mark.engine]


@pytest.fixture(scope="module")
async def minilm() -> AsyncIterator[TransformersEngine]:
    profile = load_catalog(package_data()).profiles["embedded"]
    engine = build_engine("minilm", profile.engines["minilm"], packaged.folder("minilm"))
    assert isinstance(engine, TransformersEngine)
    await engine.start()
    yield engine
    await engine.stop()


async def summarize(
    engine: TransformersEngine, text: str, max_length: int = 1024
) -> SummarizationResult:
    result = await engine.run(SummarizationRequest(text, max_length))
    assert isinstance(result, SummarizationResult)
    return result


@pytest.mark.contract("4")
async def test_a_relevant_passage_outranks_the_others(minilm: TransformersEngine) -> None:
    """bge-reranker-base, played by MiniLM: the passage that answers the query is the best."""
    result = await minilm.run(RerankingRequest(QUERY, tuple(PASSAGES)))
    assert isinstance(result, RerankingResult)
    answer, *others = sorted(result.scores, reverse=True)
    assert result.scores.index(answer) == 1
    assert result.scores.index(others[0]) == 0, "the other passage about cats comes next"
    assert answer - others[1] > 0.4
    assert all(-1.001 <= score <= 1.001 for score in result.scores)


@pytest.mark.contract("4")
async def test_a_summary_is_sentences_of_the_text(minilm: TransformersEngine) -> None:
    """bart-large-cnn, played by MiniLM: whole sentences, in the order of the text."""
    result = await summarize(minilm, "\n".join(SENTENCES))
    kept = [sentence for sentence in SENTENCES if sentence in result.summary]
    assert result.summary == " ".join(kept)
    assert len(kept) == 4
    assert any("fog" in sentence for sentence in kept)
    assert "The price of bread has not changed." not in kept


@pytest.mark.contract("4")
@pytest.mark.parametrize("max_length", [4, 17, 25, 40, 60])
async def test_a_summary_keeps_within_max_length(
    minilm: TransformersEngine, max_length: int
) -> None:
    """bart-large-cnn, played by MiniLM: `max_length` counts tokens of the summary."""
    text = " ".join(SENTENCES)
    summary = (await summarize(minilm, text, max_length)).summary
    kept = [sentence for sentence in SENTENCES if sentence in summary]
    assert summary == " ".join(kept) or any(each.startswith(summary) for each in SENTENCES)
    again = await summarize(minilm, summary)  # reads the summary alone: its tokens and [CLS], [SEP]
    assert 0 < again.usage.prompt_tokens - 2 * max(1, len(kept)) <= max_length
