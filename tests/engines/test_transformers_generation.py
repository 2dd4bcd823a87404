import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from fogbank.engines import transformers_generation
from fogbank.engines.base import EngineOverloaded, EngineRefused, EngineTooLong, EngineUnavailable
from fogbank.engines.transformers import TransformersEngine
from fogbank.tasks import (
    TEXT_GENERATION,
    Sampling,
    TextChunk,
    TextGenerationRequest,
    TextGenerationResult,
)
from tests.engines import tiny_models

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

GREEDY = Sampling(temperature=0.0, max_tokens=20)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.decoder(tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[TransformersEngine]:
    engine = TransformersEngine("tiny", folder, task=TEXT_GENERATION, options={"max_waiting": 2})
    await engine.start()
    yield engine
    await engine.stop()


def ask(prompt: str = "fog", sampling: Sampling = GREEDY) -> TextGenerationRequest:
    return TextGenerationRequest(prompt=prompt, raw=True, sampling=sampling)


async def answer(
    engine: TransformersEngine, request: TextGenerationRequest
) -> TextGenerationResult:
    result = await engine.run(request)
    assert isinstance(result, TextGenerationResult)
    return result


async def test_greedy_is_what_transformers_generates(
    engine: TransformersEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    monkeypatch.setattr(transformers_generation, "PREFILL", 4)
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForCausalLM.from_pretrained(str(folder))
    prompt = "a fog bank in london"
    ids = tokenizer(prompt, return_tensors="pt")
    with torch.inference_mode():
        out = model.generate(**ids, do_sample=False, max_new_tokens=20, pad_token_id=0)
    new = out[0, ids["input_ids"].shape[1] :]
    result = await answer(engine, ask(prompt))
    expected = tokenizer.decode(new, skip_special_tokens=True).rstrip("\ufffd")
    assert result.text == expected
    assert result.usage.prompt_tokens == len(prompt)
    assert result.usage.completion_tokens == len(new)


async def test_a_stream_adds_up(engine: TransformersEngine) -> None:
    async with aclosing(engine.stream(ask())) as stream:
        chunks: list[TextChunk] = [chunk async for chunk in stream]
    whole = await answer(engine, ask())
    assert "".join(chunk.text for chunk in chunks) == whole.text
    assert chunks[-1].finish_reason == whole.finish_reason
    assert all(chunk.finish_reason is None for chunk in chunks[:-1])


async def test_a_seed_repeats_and_another_differs(engine: TransformersEngine) -> None:
    def seeded(seed: int) -> TextGenerationRequest:
        return ask("fog", Sampling(temperature=2.0, seed=seed, max_tokens=20))

    first, again, other = [await answer(engine, seeded(seed)) for seed in (1, 1, 2)]
    assert first == again
    assert first.text != other.text


async def test_a_stop_string_ends_the_answer(engine: TransformersEngine) -> None:
    whole = (await answer(engine, ask())).text
    assert len(whole) > 3
    stop = whole[2:4]
    result = await answer(
        engine, ask("fog", Sampling(temperature=0.0, max_tokens=20, stop=(stop,)))
    )
    assert (result.text, result.finish_reason) == (whole[: whole.index(stop)], "stop")


async def test_the_window_is_a_bound(engine: TransformersEngine) -> None:
    assert engine.context_window == 64
    result = await answer(engine, ask("x" * 60, Sampling(temperature=0.0, max_tokens=50)))
    assert result.usage.completion_tokens <= 4
    with pytest.raises(EngineTooLong):
        await engine.run(ask("x" * 64))
    with pytest.raises(EngineRefused, match="no tokens"):
        await engine.run(ask(""))


async def test_encode_is_what_is_counted(engine: TransformersEngine) -> None:
    request = TextGenerationRequest(messages=({"role": "user", "content": "hi"},), sampling=GREEDY)
    ids = await engine.encode(request)
    assert ids is not None
    assert len(ids) == len("user hi ")
    assert (await answer(engine, request)).usage.prompt_tokens == len(ids)


async def test_penalties_change_the_answer(engine: TransformersEngine) -> None:
    whole = await answer(engine, ask())
    for penalty in ("repetition_penalty", "frequency_penalty", "presence_penalty"):
        penalised = replace(GREEDY, **{penalty: 1.9})  # type: ignore[arg-type]
        assert (await answer(engine, ask("fog", penalised))).text != whole.text


async def test_one_at_a_time_and_a_bounded_queue(engine: TransformersEngine) -> None:
    outcomes = await asyncio.gather(*(engine.run(ask()) for _ in range(6)), return_exceptions=True)
    done = [outcome for outcome in outcomes if isinstance(outcome, TextGenerationResult)]
    assert len(done) == 3
    assert len({result.text for result in done}) == 1
    assert sum(isinstance(outcome, EngineOverloaded) for outcome in outcomes) == 3
    assert engine.running == 0


async def test_a_closed_stream_makes_room_for_the_next(engine: TransformersEngine) -> None:
    async with aclosing(engine.stream(ask())) as stream:
        await anext(stream)
        assert engine.running == 1
    assert engine.running == 0
    await engine.run(ask())


async def test_stopping_ends_what_waits(engine: TransformersEngine) -> None:
    calls = [asyncio.create_task(engine.run(ask("fog " * 14))) for _ in range(3)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await engine.stop()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(outcomes[-1], EngineUnavailable)
    with pytest.raises(EngineUnavailable):
        await engine.run(ask())
