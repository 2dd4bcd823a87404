"""VllmEngine with a stand-in for vLLM; the real one is in tests/engine."""

import asyncio
import threading
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from fogbank.engines import vllm as vllm_module
from fogbank.engines.base import (
    Engine,
    EngineDead,
    EngineError,
    EngineOverloaded,
    EngineRefused,
    EngineUnavailable,
    Health,
)
from fogbank.engines.chat_template import ChatTemplate
from fogbank.engines.vllm import VllmEngine
from fogbank.engines.vllm_structured import LONG
from fogbank.tasks import (
    Constraint,
    Sampling,
    TextChunk,
    TextClassificationRequest,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)
from tests.engines import vllm_standin as standin
from tests.engines.vllm_standin import Llm, OutputKind, needs_outlines, output

pytestmark = pytest.mark.anyio

REQUEST = TextGenerationRequest(prompt="hi", prompt_token_ids=[1, 2, 3])
JSON = TextGenerationRequest(
    prompt="hi", prompt_token_ids=[1, 2, 3], constraint=Constraint("json", '{"type":"object"}')
)


def engine_on(llm: Llm, *, old: bool = False) -> VllmEngine:
    engine = VllmEngine("small", Path("weights"))
    engine._llm = llm
    engine._vllm = standin.names(old=old)
    return engine


async def chunks(engine: VllmEngine, request: TextGenerationRequest = REQUEST) -> list[TextChunk]:
    async with aclosing(engine.stream(request)) as stream:
        return [chunk async for chunk in stream]


def test_it_is_an_engine() -> None:
    engine: Engine = VllmEngine("small", Path("weights"))
    assert engine.health() is Health.STOPPED
    assert engine.running == engine.context_window == 0


async def test_a_stream_counts_tokens_and_keeps_empty_deltas_to_itself() -> None:
    llm = Llm([output("a"), output("", 2), output("b", 3, cached=2), output("", 1, "stop", 2)])
    assert await chunks(engine_on(llm)) == [
        TextChunk("a", 3, 1, 0, None),
        TextChunk("b", 3, 6, 2, None),
        TextChunk("", 3, 7, 2, "stop"),
    ]
    prompt, params, _ = llm.calls[0]
    assert prompt == {"prompt_token_ids": [1, 2, 3], "type": "token"}
    assert params.output_kind is OutputKind.DELTA


async def test_a_whole_answer_is_asked_for_at_once() -> None:
    llm = Llm([output("abc", 4, "length", 1)])
    assert await engine_on(llm).run(REQUEST) == TextGenerationResult(
        "abc", Usage(3, 4, 1), "length"
    )
    assert llm.calls[0][1].output_kind is OutputKind.FINAL_ONLY


async def test_repetition_is_the_models_own_end() -> None:
    result = await engine_on(Llm([output("aaaa", 4, "repetition")])).run(REQUEST)
    assert isinstance(result, TextGenerationResult)
    assert result.finish_reason == "stop"


@needs_outlines
async def test_json_mode_takes_the_way_on_which_vllm_compiles_in_a_thread() -> None:
    llm = Llm([output("{}", 1, "stop")])
    await engine_on(llm).run(JSON)
    prompt, params, _ = llm.calls[0]
    assert "type" not in prompt
    assert params.structured_outputs.json == '{"type": "object"}'


@needs_outlines
@pytest.mark.parametrize(
    ("constraint", "name"),
    [(Constraint("regex", "a|b"), "regex"), (Constraint("lark", 'start: "a"'), "grammar")],
)
async def test_other_constraints(constraint: Constraint, name: str) -> None:
    llm = Llm([output("a", 1, "stop")])
    await engine_on(llm).run(replace(REQUEST, constraint=constraint))
    prompt, params, _ = llm.calls[0]
    assert "type" not in prompt
    assert name in vars(params.structured_outputs)


async def test_an_answer_goes_on_from_its_prefix() -> None:
    class Template:
        def continued(self, text: str) -> list[int]:
            return [len(text)]

    llm = Llm([output("c", 1, "stop"), output("c", 1, "stop")])
    engine = engine_on(llm)
    engine._template = cast(ChatTemplate, Template())
    assert engine.continues
    await engine.run(REQUEST)
    await engine.run(replace(REQUEST, prefix="ab"))
    assert [call[0]["prompt_token_ids"] for call in llm.calls] == [[1, 2, 3], [1, 2, 3, 2]]


async def test_a_long_schema_is_checked_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[str] = []

    def seen(constraint: Constraint) -> dict[str, Any]:
        threads.append(threading.current_thread().name)
        return {"json": constraint.text}

    monkeypatch.setattr(vllm_module, "structured_arguments", seen)
    long = Constraint("json", f'{{"const":"{"x" * LONG}"}}')
    await engine_on(Llm([output("{}", 1, "stop")])).run(replace(JSON, constraint=long))
    assert threads[0] != threading.main_thread().name, "which keeps what it found"
    assert threads[1:] == [threading.main_thread().name]
    await engine_on(Llm([output("{}", 1, "stop")])).run(JSON)
    assert threads[2:] == [threading.main_thread().name]


@needs_outlines
async def test_what_outlines_does_not_take_is_refused() -> None:
    with pytest.raises(EngineRefused, match="cannot be read"):
        await engine_on(Llm()).run(replace(JSON, constraint=Constraint("json", "{")))


async def test_from_0_32_on_the_stream_interval_travels_with_the_request() -> None:
    llm = Llm([output("a", 1, "stop")])
    llm.output_processor.stream_interval = 5
    await chunks(engine_on(llm))
    assert llm.calls[0][1].stream_interval == 1
    assert llm.output_processor.stream_interval == 5


async def test_before_0_32_the_stream_interval_is_the_output_processors() -> None:
    llm = Llm([output("a", 1, "stop")])
    llm.output_processor.stream_interval = 5
    await chunks(engine_on(llm, old=True))
    assert not hasattr(llm.calls[0][1], "stream_interval")
    assert llm.output_processor.stream_interval == 1


def caused(cause: Exception) -> Exception:
    error = standin.EngineGenerateError()
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (standin.EngineDeadError(), EngineDead),
        (standin.VLLMClientError("no"), EngineRefused),
        (ValueError("no"), EngineRefused),
        (caused(ValueError("no")), EngineRefused),
        (caused(OverflowError("no")), EngineRefused),
        (standin.GracefulHTTPError("full"), EngineOverloaded),
        (standin.RetryableRequestError("paused"), EngineUnavailable),
        (caused(RuntimeError("odd")), EngineError),
    ],
    ids=repr,
)
async def test_errors_of_vllm_become_ours(error: Exception, expected: type[EngineError]) -> None:
    engine = engine_on(Llm(error=error))
    for failing in (engine.run(REQUEST), chunks(engine)):
        with pytest.raises(EngineError) as raised:
            await failing
        assert type(raised.value) is expected


async def test_a_bare_value_error_is_how_0_26_refuses() -> None:
    with pytest.raises(EngineRefused, match="too long"):
        await engine_on(Llm(error=ValueError("too long")), old=True).run(REQUEST)


@needs_outlines
async def test_anything_that_a_schema_breaks_is_the_schemas_fault() -> None:
    with pytest.raises(EngineRefused, match="JSON schema: 'bool' object"):
        await engine_on(Llm(error=caused(AttributeError("'bool' object")))).run(JSON)


async def test_what_failed_half_way_into_the_engine_is_aborted() -> None:
    llm = Llm(error=caused(OverflowError("too large")))
    with pytest.raises(EngineRefused):
        await engine_on(llm).run(REQUEST)
    assert llm.aborted == [llm.calls[0][2]]


@needs_outlines
@pytest.mark.parametrize(
    ("reason", "request_", "expected"),
    [
        ("abort", REQUEST, EngineDead),
        ("error", JSON, EngineRefused),
        ("error", REQUEST, EngineError),
    ],
)
async def test_an_end_that_is_none(
    reason: str, request_: TextGenerationRequest, expected: type[EngineError]
) -> None:
    for work in ("run", "stream"):
        engine = engine_on(Llm([output("", 0, reason)]))
        with pytest.raises(expected):
            await (engine.run(request_) if work == "run" else chunks(engine, request_))


async def test_a_consumer_that_leaves_closes_vllms_generator() -> None:
    llm = Llm([output("a"), output("b")])
    engine = engine_on(llm)
    async with aclosing(engine.stream(REQUEST)) as stream:
        assert (await anext(stream)).text == "a"
    assert llm.closed == 1


async def test_a_cancelled_run_closes_vllms_generator() -> None:
    llm = Llm()
    llm.gate = asyncio.Event()
    task = asyncio.create_task(engine_on(llm).run(REQUEST))
    while not llm.calls:
        await asyncio.sleep(0)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert llm.closed == 1


async def test_only_text_generation_is_its_task() -> None:
    with pytest.raises(EngineRefused, match="generates text"):
        await engine_on(Llm()).run(TextClassificationRequest("hi"))


async def test_an_engine_that_is_not_started_is_unavailable() -> None:
    engine = VllmEngine("small", Path("weights"))
    for work in (engine.run(REQUEST), chunks(engine), engine.encode(REQUEST)):
        with pytest.raises(EngineUnavailable):
            await work


async def test_death_is_seen_at_once_and_told_to_everybody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(vllm_module, "WATCH_INTERVAL", 0.001)
    llm = Llm()
    engine = engine_on(llm)
    watcher = asyncio.create_task(engine._watch(llm))
    assert engine.health() is Health.READY
    llm.errored = True
    assert engine.health() is Health.DEAD
    while not llm.propagated:
        await asyncio.sleep(0.001)
    watcher.cancel()
    assert isinstance(llm.propagated[0], standin.EngineDeadError)
    with pytest.raises(EngineDead):
        await engine.run(REQUEST)


async def test_stop_ends_what_runs_and_may_be_repeated() -> None:
    llm = Llm()
    engine = engine_on(llm)
    await engine.stop()
    await engine.stop()
    assert llm.shut_down == 1
    assert isinstance(llm.propagated[0], standin.EngineDeadError)
    assert engine.health() is Health.STOPPED
    with pytest.raises(EngineUnavailable):
        await engine.run(REQUEST)


async def test_weights_that_cannot_be_read_make_a_start_fail(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(folder: Path) -> Any:
        raise OSError(f"no tokenizer in {folder}")

    monkeypatch.setattr(ChatTemplate, "load", broken)
    engine = VllmEngine("small", Path("weights"))
    with pytest.raises(EngineUnavailable, match="cannot load weights: no tokenizer in weights"):
        await engine.start()
    await engine.stop()


async def test_the_statistics_are_the_gauges() -> None:
    engine = engine_on(Llm())
    assert set(engine.gauges()) == {
        "waiting",
        "kv_cache_usage",
        "prefix_cache_queries",
        "prefix_cache_hits",
    }


async def test_sampling_reaches_vllm() -> None:
    llm = Llm([output("a", 1, "stop")])
    request = TextGenerationRequest(
        prompt="hi", prompt_token_ids=[1], sampling=Sampling(max_tokens=5, seed=3)
    )
    await engine_on(llm).run(request)
    assert (llm.calls[0][1].max_tokens, llm.calls[0][1].seed) == (5, 3)
