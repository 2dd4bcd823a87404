import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fogbank.engines.base import EngineOverloaded, EngineRefused, EngineUnavailable, Health
from fogbank.engines.transformers import TransformersEngine
from fogbank.tasks import (
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDINGS,
    TEXT_GENERATION,
    TOKEN_CLASSIFICATION,
    TextClassificationRequest,
    TextClassificationResult,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
    TextGenerationRequest,
    TokenClassificationRequest,
    TokenClassificationResult,
    Usage,
)
from tests.engines import tiny_models

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

Make = Callable[..., Awaitable[TransformersEngine]]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        TEXT_EMBEDDINGS: tiny_models.encoder(root / "embed", "BertModel"),
        TEXT_CLASSIFICATION: tiny_models.encoder(
            root / "classify", "BertForSequenceClassification", ["NEGATIVE", "POSITIVE"]
        ),
        TOKEN_CLASSIFICATION: tiny_models.encoder(
            root / "tag", "BertForTokenClassification", tiny_models.LABELS
        ),
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


async def embed(engine: TransformersEngine, *texts: str, cls: bool = False) -> list[list[float]]:
    result = await engine.run(TextEmbeddingsRequest(texts, "cls" if cls else "mean"))
    assert isinstance(result, TextEmbeddingsResult)
    return result.vectors


@pytest.mark.contract("decision 13")
async def test_vectors_have_length_one_whatever_the_batch(make: Make) -> None:
    engine = await make(TEXT_EMBEDDINGS)
    together = await embed(engine, "fog in london", "sun", "fog in london . rain in london")
    for vector, text in zip(together, ("fog in london", "sun"), strict=False):
        assert math.isclose(math.hypot(*vector), 1.0, rel_tol=1e-5)
        assert (await embed(engine, text))[0] == pytest.approx(vector, abs=1e-5)
    assert together[0] != pytest.approx(together[1], abs=1e-3)


@pytest.mark.contract("4")
async def test_pooling(make: Make, models: dict[str, Path]) -> None:
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = str(models[TEXT_EMBEDDINGS])
    inputs = AutoTokenizer.from_pretrained(folder)("fog bank", return_tensors="pt")
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder)(**inputs).last_hidden_state[0]
    engine = await make(TEXT_EMBEDDINGS)
    for cls, pooled in ((False, hidden.mean(0)), (True, hidden[0])):
        expected = (pooled / pooled.norm()).tolist()
        assert (await embed(engine, "fog bank", cls=cls))[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("long", ["fog " * 5000, "fog " * 100])
async def test_a_long_text_is_cut_at_the_limit(make: Make, long: str) -> None:
    engine = await make(TEXT_EMBEDDINGS)
    assert engine.context_window == 64
    vectors = await embed(engine, "fog " * 62, long)
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-5)
    assert vectors[0] != pytest.approx((await embed(engine, "fog " * 61))[0], abs=1e-7)


async def test_a_limit_of_ones_own(make: Make) -> None:
    engine = await make(TEXT_EMBEDDINGS, max_length=8)
    assert engine.context_window == 8
    vectors = await embed(engine, "fog " * 6, "fog " * 7)
    assert vectors[0] == pytest.approx(vectors[1], abs=1e-6)


async def test_labels_in_the_order_of_their_ids(make: Make) -> None:
    engine = await make(TEXT_CLASSIFICATION)
    result = await engine.run(TextClassificationRequest("fog in london"))
    assert isinstance(result, TextClassificationResult)
    assert [score.label for score in result.scores] == ["NEGATIVE", "POSITIVE"]
    assert math.isclose(sum(score.score for score in result.scores), 1.0, rel_tol=1e-5)
    assert result.usage == Usage(5)  # three words, [CLS] and [SEP]


async def test_entities_are_slices(make: Make, models: dict[str, Path]) -> None:
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    text = "Ada  in LONDON, unlit fog."
    folder = str(models[TOKEN_CLASSIFICATION])
    inputs = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt")
    with torch.inference_mode():
        logits = AutoModelForTokenClassification.from_pretrained(folder)(**inputs).logits[0]
    engine = await make(TOKEN_CLASSIFICATION)
    result = await engine.run(TokenClassificationRequest(text))
    assert isinstance(result, TokenClassificationResult)
    entities = result.entities
    words = ["Ada", "in", "LONDON", ",", "unlit", "fog", "."]
    firsts = [1, 2, 3, 4, 5, 7, 8]
    covered = [
        word
        for word, first in zip(words, firsts, strict=True)
        if tiny_models.LABELS[int(logits[first].argmax())] != "O"
    ]
    assert covered, "the random model tags nothing: choose another seed"
    assert (
        " ".join(entity.word for entity in entities).replace("  ", " ").split()
        == " ".join(covered).split()
    )
    assert all(text[entity.start : entity.end] == entity.word for entity in entities)
    assert all(0 < entity.score <= 1 for entity in entities)


async def test_another_task_is_refused(make: Make) -> None:
    engine = await make(TEXT_CLASSIFICATION)
    for request in (TextEmbeddingsRequest(("a",)), TextGenerationRequest(prompt="a")):
        with pytest.raises(EngineRefused, match="loaded for Text Classification"):
            await engine.run(request)
    with pytest.raises(EngineRefused):
        await engine.encode(TextGenerationRequest(prompt="a"))


async def test_a_full_queue(make: Make) -> None:
    engine = await make(TEXT_EMBEDDINGS, max_waiting=2)
    with pytest.raises(EngineRefused, match="at most 2"):
        await embed(engine, "a", "b", "fog")
    calls = [embed(engine, "fog", "sun") for _ in range(20)]
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert any(isinstance(outcome, EngineOverloaded) for outcome in outcomes)
    assert any(isinstance(outcome, list) for outcome in outcomes)
    assert engine.running == 0


async def test_life(models: dict[str, Path]) -> None:
    engine = TransformersEngine("tiny", models[TEXT_EMBEDDINGS], task=TEXT_EMBEDDINGS)
    await engine.stop()
    assert (engine.health(), engine.context_window) == (Health.STOPPED, 0)
    with pytest.raises(EngineUnavailable, match="not started"):
        await embed(engine, "fog")
    for _ in range(2):
        await engine.start()
        assert engine.health() is Health.READY
        await embed(engine, "fog")
        await engine.stop()
    assert engine.health() is Health.STOPPED


async def test_weights_of_another_task_are_refused(models: dict[str, Path]) -> None:
    engine = TransformersEngine("tiny", models[TEXT_EMBEDDINGS], task=TEXT_CLASSIFICATION)
    with pytest.raises(OSError, match=r"lack classifier\.bias, classifier\.weight"):
        await engine.start()
    assert engine.health() is Health.STOPPED


async def test_folders_that_are_no_models(tmp_path: Path) -> None:
    engine = TransformersEngine("tiny", tmp_path, task=TEXT_EMBEDDINGS)
    with pytest.raises(FileNotFoundError, match=r"no config\.json"):
        await engine.start()
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(FileNotFoundError, match="pickles"):
        await engine.start()
    (tmp_path / "model.safetensors").write_bytes(b"not safetensors")
    with pytest.raises((OSError, EngineUnavailable)):
        await engine.start()
    assert engine.health() is Health.STOPPED


def test_mistakes_of_a_profile() -> None:
    with pytest.raises(ValueError, match="thread"):
        TransformersEngine("tiny", Path(), task=TEXT_EMBEDDINGS, options={"thread": 1})
    with pytest.raises(ValueError, match="no task 'Text-to-Image'"):
        TransformersEngine("tiny", Path(), task="Text-to-Image")
    TransformersEngine("tiny", Path(), task=TEXT_GENERATION, options={"threads": 1})
