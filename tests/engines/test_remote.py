import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest

from fogbank.engines.base import (
    Engine,
    EngineDead,
    EngineOverloaded,
    EngineRefused,
    EngineUnavailable,
    Health,
)
from fogbank.engines.remote import RemoteEngine
from fogbank.tasks import (
    TEXT_CLASSIFICATION,
    TEXT_EMBEDDINGS,
    TextChunk,
    TextClassificationRequest,
    TextEmbeddingsRequest,
    TextEmbeddingsResult,
    TextGenerationRequest,
    TextGenerationResult,
    Usage,
)
from tests.engines.loopback import Loopback, Reply, json_reply, sse_reply

pytestmark = pytest.mark.anyio

CHAT = "/v1/chat/completions"
HELLO = TextGenerationRequest(prompt="hello")
Make = Callable[..., Awaitable[RemoteEngine]]


def delta(text: str, finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}]}


@pytest.fixture
async def server() -> AsyncIterator[Loopback]:
    models = {"object": "list", "data": [{"id": "m", "max_model_len": 4096}, {"id": "other"}]}
    replies = {"/health": Reply([]), "/v1/models": json_reply(models)}
    async with Loopback(replies) as server:
        yield server


@pytest.fixture
async def make(server: Loopback) -> AsyncIterator[Make]:
    engines = []

    async def make(**options: Any) -> RemoteEngine:
        engine = RemoteEngine("far", **{"url": server.url, "model": "m", **options})
        engines.append(engine)
        await engine.start()
        return engine

    yield make
    for engine in engines:
        await engine.stop()


async def until_health(engine: RemoteEngine, health: Health) -> None:
    async with asyncio.timeout(5):
        while engine.health() is not health:
            await asyncio.sleep(0.005)


async def test_it_starts_with_the_servers_window(make: Make) -> None:
    engine: Engine = await make(context_window=77)
    assert (engine.context_window, engine.health()) == (4096, Health.READY)
    assert await engine.encode(HELLO) is None
    assert not engine.continues, "OpenAI's API has no way to go on from a text"


async def test_a_window_from_the_options(make: Make) -> None:
    assert (await make(model="other", context_window=77)).context_window == 77


async def test_a_server_without_a_list_or_health(server: Loopback, make: Make) -> None:
    server.replies = {"/v1/models": Reply([], 405)}
    with pytest.raises(EngineUnavailable, match="405"):
        await make()
    server.replies = {"/health": Reply([])}
    assert (await make(context_window=5)).context_window == 5


async def test_a_model_that_is_not_there(make: Make) -> None:
    with pytest.raises(EngineUnavailable, match=r"no model 'x'; it has: m, other"):
        await make(model="x")


async def test_a_list_that_is_none(server: Loopback, make: Make) -> None:
    server.replies["/v1/models"] = json_reply(["m"])
    with pytest.raises(EngineUnavailable, match="not a list of models"):
        await make()


async def test_a_server_that_is_not_there(server: Loopback, make: Make) -> None:
    await server.close()
    with pytest.raises(EngineUnavailable, match="cannot be reached"):
        await make()


@pytest.mark.parametrize(
    "url", ["ftp://x", "localhost:80", "http://", "http://a:b@h", "http://h:x"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ValueError, match="url"):
        RemoteEngine("far", url=url, model="m")


def test_a_task_that_openai_has_not() -> None:
    with pytest.raises(ValueError, match="no task 'Text Classification'"):
        RemoteEngine("far", url="http://h", model="m", task=TEXT_CLASSIFICATION)


async def test_the_key_comes_from_the_environment(
    server: Loopback, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(EngineUnavailable, match="FAR_KEY, which is not set"):
        await make(api_key_env="FAR_KEY")
    monkeypatch.setenv("FAR_KEY", "k")
    await make(api_key_env="FAR_KEY", url=server.url + "/v1/")
    assert {seen.headers["authorization"] for seen in server.seen} == {"Bearer k"}


async def test_no_proxy_on_the_way_to_loopback(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert (await make()).health() is Health.READY


async def test_a_whole_answer(server: Loopback, make: Make) -> None:
    choice = {"message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 3, "completion_tokens": 1}
    server.replies[CHAT] = json_reply({"choices": [choice], "usage": usage})
    engine = await make()
    assert await engine.run(HELLO) == TextGenerationResult("hi", Usage(3, 1), "stop")
    assert server.bodies(CHAT)[0]["messages"] == [{"role": "user", "content": "hello"}]


async def test_a_raw_answer(server: Loopback, make: Make) -> None:
    choice = {"text": "hi", "finish_reason": "length"}
    server.replies["/v1/completions"] = json_reply({"choices": [choice]})
    engine = await make()
    result = await engine.run(TextGenerationRequest(prompt="hello", raw=True))
    assert result == TextGenerationResult("hi", Usage(), "length")


async def test_a_stream(server: Loopback, make: Make) -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 5}}
    server.replies[CHAT] = sse_reply(delta("a"), delta("☁"), delta("", "stop"), usage)
    engine = await make()
    chunks = [chunk async for chunk in engine.stream(HELLO)]
    assert [chunk.text for chunk in chunks] == ["a", "☁", ""]
    assert chunks[-1] == TextChunk("", 3, 5, finish_reason="stop")
    assert server.bodies(CHAT)[0]["stream_options"] == {"include_usage": True}


async def test_a_stream_without_done(server: Loopback, make: Make) -> None:
    server.replies[CHAT] = sse_reply(delta("a", "stop"), done=False)
    engine = await make()
    assert [chunk.text async for chunk in engine.stream(HELLO)] == ["a"]


@pytest.mark.parametrize(
    "reply",
    [
        sse_reply(delta("a"), done=False, cut=True),
        sse_reply(delta("a"), done=False),
        sse_reply(delta("a")),
        sse_reply(delta("a"), {"error": {"message": "EngineCore died", "code": 500}}),
    ],
    ids=["connection cut", "body ended", "no finish_reason", "error event"],
)
async def test_a_stream_cut_in_the_middle(server: Loopback, make: Make, reply: Reply) -> None:
    server.replies[CHAT] = reply
    engine = await make()
    async with aclosing(engine.stream(HELLO)) as chunks:
        assert (await anext(chunks)).text == "a"
        with pytest.raises(EngineDead):
            await anext(chunks)
    assert engine.running == 0


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, EngineRefused),
        (429, EngineOverloaded),
        (500, EngineUnavailable),
        (302, EngineUnavailable),
    ],
)
@pytest.mark.parametrize("streams", [False, True])
async def test_errors(
    server: Loopback, make: Make, status: int, kind: type[Exception], streams: bool
) -> None:
    server.replies[CHAT] = Reply([b'{"error": {"message": "no"}}'], status, {"location": "/health"})
    engine = await make()
    with pytest.raises(kind):
        await (anext(engine.stream(HELLO)) if streams else engine.run(HELLO))
    assert [seen.path for seen in server.seen].count(CHAT) == 1
    assert engine.running == 0


async def test_a_body_that_is_cut_or_no_json(server: Loopback, make: Make) -> None:
    engine = await make()
    server.replies[CHAT] = Reply([b'{"choices"'], cut=True)
    with pytest.raises(EngineDead, match="was cut"):
        await engine.run(HELLO)
    server.replies[CHAT] = Reply([b'{"choices"'])
    with pytest.raises(EngineDead, match="not JSON"):
        await engine.run(HELLO)


async def test_a_silent_server(server: Loopback, make: Make) -> None:
    server.replies[CHAT] = Reply([], hold=asyncio.Event())
    engine = await make(timeout=0.05)
    with pytest.raises(EngineDead, match=r"silent for too long \(0.05 s\)"):
        await engine.run(HELLO)


async def test_text_that_is_no_unicode(make: Make) -> None:
    engine = await make()
    with pytest.raises(EngineRefused, match="JSON"):
        await engine.run(TextGenerationRequest(prompt="\ud800"))


async def test_closing_a_stream_closes_the_connection(server: Loopback, make: Make) -> None:
    server.replies[CHAT] = sse_reply(delta("a"), done=False, hold=asyncio.Event())
    engine = await make()
    async with aclosing(engine.stream(HELLO)) as chunks:
        await anext(chunks)
        assert engine.running == 1
    assert engine.running == 0
    await asyncio.wait_for(server.gone.wait(), 2)


async def test_cancelling_a_run_closes_the_connection(server: Loopback, make: Make) -> None:
    server.replies[CHAT] = Reply([], hold=asyncio.Event())
    engine = await make()
    task = asyncio.create_task(engine.run(HELLO))
    async with asyncio.timeout(5):
        while not server.bodies(CHAT):
            await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.gone.wait(), 2)
    assert engine.running == 0


async def test_embeddings(server: Loopback, make: Make) -> None:
    rows = [{"index": 0, "embedding": [0.0, 2.0]}, {"index": 1, "embedding": [1.0, 0.0]}]
    server.replies["/v1/embeddings"] = json_reply({"data": rows, "usage": {"prompt_tokens": 2}})
    engine = await make(task=TEXT_EMBEDDINGS, pooling="mean")
    result = await engine.run(TextEmbeddingsRequest(("a", "b")))
    assert result == TextEmbeddingsResult([[0.0, 1.0], [1.0, 0.0]], Usage(2))
    with pytest.raises(EngineRefused, match="this model has 'mean'"):
        await engine.run(TextEmbeddingsRequest(("a",), pooling="cls"))


async def test_another_task(make: Make) -> None:
    engine = await make()
    with pytest.raises(EngineRefused, match="Text Generation"):
        await engine.run(TextClassificationRequest("x"))


async def test_health_follows_the_server(server: Loopback, make: Make) -> None:
    engine = await make(probe_interval=0.01)
    await server.close()
    await until_health(engine, Health.DEAD)
    await server.open()
    await until_health(engine, Health.READY)
    server.replies["/health"] = Reply([], 503)
    await until_health(engine, Health.DEAD)


async def test_a_failed_request_asks_for_health_at_once(server: Loopback, make: Make) -> None:
    engine = await make(probe_interval=1000.0)
    await server.close()
    with pytest.raises(EngineUnavailable):
        await engine.run(HELLO)
    await until_health(engine, Health.DEAD)


async def test_stopping_ends_what_is_in_flight(server: Loopback, make: Make) -> None:
    server.replies[CHAT] = sse_reply(delta("a"), done=False, hold=asyncio.Event())
    engine = await make()
    async with aclosing(engine.stream(HELLO)) as chunks:
        await anext(chunks)
        await engine.stop()
        with pytest.raises(EngineDead):
            await anext(chunks)
    assert (engine.health(), engine.running) == (Health.STOPPED, 0)
    with pytest.raises(EngineUnavailable, match="not started"):
        await engine.run(HELLO)
    await engine.start()
    assert engine.health() is Health.READY
