"""Answers by tiny random encoders, beside a decoding that tries every span."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from fogbank.engines.answer_spans import MAX_ANSWER_TOKENS, Window, choose
from fogbank.engines.base import EngineRefused
from fogbank.engines.transformers import TransformersEngine
from fogbank.engines.transformers_text import MAX_WINDOWS
from fogbank.tasks import QUESTION_ANSWERING, QuestionAnsweringRequest, QuestionAnsweringResult
from tests.engines import tiny_models

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

Make = Callable[..., Awaitable[TransformersEngine]]
LONG = "Ada in London, unlit fog. Sun, rain; a bank 😀 in fog. " * 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.encoder(tmp_path_factory.mktemp("qa") / "m", "BertForQuestionAnswering")


@pytest.fixture
async def make(folder: Path) -> AsyncIterator[Make]:
    engines = []

    async def make(**options: Any) -> TransformersEngine:
        engine = TransformersEngine("tiny", folder, task=QUESTION_ANSWERING, options=options)
        engines.append(engine)
        await engine.start()
        return engine

    yield make
    for engine in engines:
        await engine.stop()


async def answer(
    engine: TransformersEngine, question: str, context: str
) -> QuestionAnsweringResult:
    result = await engine.run(QuestionAnsweringRequest(question, context))
    assert isinstance(result, QuestionAnsweringResult)
    return result


def every_span(folder: Path, question: str, context: str) -> tuple[tuple[int, int], float, int]:
    """Where the best outcome is, its probability, and how many tokens were read."""
    import torch
    from transformers import AutoModelForQuestionAnswering, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForQuestionAnswering.from_pretrained(str(folder))
    windows = tokenizer(
        question,
        context,
        truncation="only_second",
        max_length=64,
        stride=16,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    spans: list[tuple[float, int, int]] = []
    nulls, tokens = [], 0
    for at, ids in enumerate(windows["input_ids"]):
        types = torch.tensor([windows["token_type_ids"][at]])
        with torch.inference_mode():
            output = model(input_ids=torch.tensor([ids]), token_type_ids=types)
        starts, ends = output.start_logits[0].tolist(), output.end_logits[0].tolist()
        offsets = windows["offset_mapping"][at]
        own = [n for n, part in enumerate(windows.sequence_ids(at)) if part == 1]
        spans += [
            (starts[first] + ends[last], offsets[first][0], offsets[last][1])
            for first in own
            for last in own
            if first <= last < first + MAX_ANSWER_TOKENS
        ]
        nulls.append(starts[0] + ends[0])
        tokens += len(ids)
    best = max(spans)
    total = math.fsum(math.exp(span[0]) for span in spans) + math.exp(min(nulls))
    outcome = (best[1], best[2]) if best[0] > min(nulls) else (0, 0)
    score = max(best[0], min(nulls))
    return outcome, math.exp(score) / total, tokens


@pytest.mark.parametrize("context", ["fog in London.", "Ada  in LONDON,\nunlit fog 😀.", LONG])
async def test_the_answer_is_the_best_of_all_spans(make: Make, folder: Path, context: str) -> None:
    (start, end), score, tokens = every_span(folder, "who is in London", context)
    result = await answer(await make(), "who is in London", context)
    assert (result.start, result.end) == (start, end)
    assert result.answer == context[start:end]
    assert result.score == pytest.approx(score, rel=1e-3)
    assert result.usage.prompt_tokens == tokens


async def test_a_batch_of_windows_changes_nothing(make: Make) -> None:
    alone = await make(max_batch_tokens=1)
    together = await make()
    one, other = [await answer(engine, "fog", LONG) for engine in (alone, together)]
    assert (one.start, one.end) == (other.start, other.end)
    assert one.score == pytest.approx(other.score, rel=1e-4)


async def test_an_answer_far_into_the_text_is_found_there(make: Make) -> None:
    result = await answer(await make(), "fog", "sun " * 900 + "London fog " * 3)
    assert result.answer == ("sun " * 900 + "London fog " * 3)[result.start : result.end]
    assert result.usage.prompt_tokens > 900


@pytest.mark.parametrize("context", [" ", "\x00\x01", "\n\n"])
async def test_a_context_without_a_word_holds_no_answer(make: Make, context: str) -> None:
    result = await answer(await make(), "fog", context)
    assert (result.answer, result.start, result.end, result.score) == ("", 0, 0, 1.0)


@pytest.mark.parametrize(("words", "fits"), [(44, True), (45, False), (62, False), (9_999, False)])
async def test_a_question_leaves_room_for_windows(make: Make, words: int, fits: bool) -> None:
    engine = await make()
    if fits:
        await answer(engine, "fog " * words, "rain " * 100)
        return
    with pytest.raises(EngineRefused, match="no room for a passage in the model's 64 tokens"):
        await answer(engine, "fog " * words, "rain " * 100)


async def test_a_text_without_end_is_read_to_a_bound(make: Make) -> None:
    result = await answer(await make(), "fog", "sun " * 100_000)
    assert result.usage.prompt_tokens == MAX_WINDOWS * 64


async def test_weights_of_another_task_are_refused(tmp_path: Path) -> None:
    embedder = tiny_models.encoder(tmp_path / "m", "BertModel")
    engine = TransformersEngine("tiny", embedder, task=QUESTION_ANSWERING)
    with pytest.raises(OSError, match=r"lack qa_outputs\.bias"):
        await engine.start()


def test_no_answer_where_every_window_prefers_it() -> None:
    low, high = Window(2.0, (1.0, 3, 7), 1.2), Window(3.0, (1.5, 9, 12), 1.6)
    probability, start, end = choose([low, high])
    assert (start, end) == (0, 0)
    assert probability == pytest.approx(math.exp(2) / (math.exp(2) + math.exp(1.2) + math.exp(1.6)))
    assert choose([low, high, Window(5.0, (2.1, 20, 22), 2.5)])[1:] == (20, 22)


def test_scores_far_from_zero_do_not_overflow() -> None:
    assert choose([Window(-9_000.0, (9_000.0, 1, 2), 9_000.0)]) == (1.0, 1, 2)
