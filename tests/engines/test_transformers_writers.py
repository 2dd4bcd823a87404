"""Summaries and translations by random encoder-decoders: what they say means nothing."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from fogbank.dialects.workers_ai.forms.translation import languages
from fogbank.engines.base import EngineOverloaded, EngineRefused, EngineUnavailable
from fogbank.engines.transformers import TransformersEngine
from fogbank.tasks import (
    SUMMARIZATION,
    TRANSLATION,
    SummarizationRequest,
    SummarizationResult,
    TaskResult,
    TextEmbeddingsRequest,
    TranslationRequest,
    TranslationResult,
)
from tests.engines import tiny_seq2seq

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

TEXT = "ada sees the quick fox in london ."


@pytest.fixture(scope="module")
def bart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_seq2seq.summarizer(tmp_path_factory.mktemp("models") / "bart")


@pytest.fixture(scope="module")
def m2m(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_seq2seq.translator(tmp_path_factory.mktemp("models") / "m2m")


@pytest.fixture
async def summarizer(bart: Path) -> AsyncIterator[TransformersEngine]:
    engine = TransformersEngine("tiny", bart, task=SUMMARIZATION, options={"max_waiting": 2})
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
async def translator(m2m: Path) -> AsyncIterator[TransformersEngine]:
    engine = TransformersEngine("tiny", m2m, task=TRANSLATION)
    await engine.start()
    yield engine
    await engine.stop()


async def summarize(
    engine: TransformersEngine, text: str = TEXT, max_length: int = 1024
) -> SummarizationResult:
    result = await engine.run(SummarizationRequest(text, max_length))
    assert isinstance(result, SummarizationResult)
    return result


async def translate(
    engine: TransformersEngine, text: str, source: str, target: str
) -> TranslationResult:
    result = await engine.run(TranslationRequest(text, source, target))
    assert isinstance(result, TranslationResult)
    return result


async def test_a_summary_is_what_the_weights_own_settings_write(
    summarizer: TransformersEngine, bart: Path
) -> None:
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(bart))
    model = AutoModelForSeq2SeqLM.from_pretrained(str(bart))
    inputs = tokenizer(TEXT, return_tensors="pt")
    with torch.inference_mode():
        out = model.generate(input_ids=inputs["input_ids"], max_length=33)[0]
    result = await summarize(summarizer, max_length=30)
    assert result.summary == tokenizer.decode(out, skip_special_tokens=True)
    assert result.usage.prompt_tokens == inputs["input_ids"].shape[1]
    assert result.usage.completion_tokens == len(result.summary.split()) >= 6


@pytest.mark.parametrize("max_length", [1, 2, 5])
async def test_a_summary_keeps_within_max_length(
    summarizer: TransformersEngine, max_length: int
) -> None:
    result = await summarize(summarizer, max_length=max_length)
    assert 1 <= len(result.summary.split()) <= max_length
    assert result.usage.completion_tokens <= max_length


async def test_a_long_text_is_cut_at_the_window(summarizer: TransformersEngine) -> None:
    assert summarizer.context_window == 64
    result = await summarize(summarizer, "fog " * 10_000, 3)
    assert result.usage.prompt_tokens == 64
    assert result == await summarize(summarizer, "fog " * 62, 3)


async def test_text_that_names_a_special_token_is_text(summarizer: TransformersEngine) -> None:
    plain = await summarize(summarizer, "fox", 3)
    marked = await summarize(summarizer, "fox </s>", 3)
    assert marked.usage.prompt_tokens > plain.usage.prompt_tokens + 1


async def test_the_language_asked_for_comes_first(
    translator: TransformersEngine, m2m: Path
) -> None:
    import torch
    from transformers import AutoModelForSeq2SeqLM, M2M100Tokenizer

    tokenizer = M2M100Tokenizer.from_pretrained(str(m2m))
    tokenizer.src_lang = "fr"
    model = AutoModelForSeq2SeqLM.from_pretrained(str(m2m))
    ids = tokenizer(TEXT, return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        german = tokenizer.get_lang_id("de")
        longest = 2 * ids.shape[1]
        out = model.generate(input_ids=ids, forced_bos_token_id=german, max_length=longest + 3)
    (_, first, *rest) = out[0].tolist()
    assert first == german
    unsaid = {*tokenizer.lang_code_to_id.values(), *tokenizer.all_special_ids}
    words = [token for token in rest if token not in unsaid][:longest]
    assert len(words) > 3, "the random model writes nothing: choose another seed"
    result = await translate(translator, TEXT, "fr", "de")
    assert result.text == tokenizer.decode(words).strip()
    assert (result.usage.prompt_tokens, result.usage.completion_tokens) == (
        ids.shape[1],
        len(words),
    )


async def test_source_and_target_both_count(translator: TransformersEngine) -> None:
    texts = {
        (source, target): (await translate(translator, TEXT, source, target)).text
        for source in ("en", "fr")
        for target in ("de", "zu")
    }
    assert len(set(texts.values())) > 2, "one of them alone makes no more than two"


async def test_every_language_has_a_name(m2m: Path) -> None:
    from transformers import M2M100Tokenizer

    known = M2M100Tokenizer.from_pretrained(str(m2m)).lang_code_to_id
    assert set(known) == set(languages())


@pytest.mark.parametrize(("source", "target"), [("xx", "en"), ("en", "tlh")])
async def test_a_language_that_the_model_lacks(
    translator: TransformersEngine, source: str, target: str
) -> None:
    with pytest.raises(EngineRefused, match=r"does not know '(xx|tlh)'; it knows af, am, ar"):
        await translate(translator, TEXT, source, target)


async def test_a_model_without_languages_is_no_translator(bart: Path) -> None:
    engine = TransformersEngine("tiny", bart, task=TRANSLATION)
    with pytest.raises(OSError, match="no tokens for languages"):
        await engine.start()


async def test_another_task_is_refused(summarizer: TransformersEngine) -> None:
    with pytest.raises(EngineRefused, match="loaded for Summarization"):
        await summarizer.run(TextEmbeddingsRequest(("a",)))
    with pytest.raises(EngineRefused, match="loaded for Summarization"):
        await summarizer.run(TranslationRequest("a", "en", "fr"))


class Slow:
    """A writer that takes until it is cancelled, as long generations do."""

    request: type = SummarizationRequest
    context_window = 1

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()

    def write(self, request: Any, cancelled: Callable[[], bool]) -> TaskResult | None:
        self.began.set()
        while not cancelled():
            time.sleep(0.001)
        self.ended.set()
        return None


@pytest.fixture
def slow(summarizer: TransformersEngine) -> Slow:
    slow = Slow()
    summarizer._loaded = slow
    return slow


async def test_cancelling_frees_the_thread(summarizer: TransformersEngine, slow: Slow) -> None:
    task = asyncio.create_task(summarize(summarizer))
    await asyncio.to_thread(slow.began.wait, 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(slow.ended.wait, 5)
    assert summarizer.running == 0


async def test_stopping_ends_what_runs_and_what_waits(
    summarizer: TransformersEngine, slow: Slow
) -> None:
    tasks = [asyncio.create_task(summarize(summarizer)) for _ in range(5)]
    await asyncio.to_thread(slow.began.wait, 5)
    await summarizer.stop()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds.count(EngineUnavailable) == 3
    assert kinds.count(EngineOverloaded) == 2
    assert summarizer.running == 0


async def test_generation_asks_before_every_token(bart: Path) -> None:
    from fogbank.catalog.options import TransformersOptions
    from fogbank.engines.transformers_writers import Summarizer

    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 4

    writer = Summarizer(bart, TransformersOptions())
    assert writer.write(SummarizationRequest(TEXT), cancelled) is None
    assert asked <= 6
