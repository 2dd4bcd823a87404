"""Progress as server-sent events."""

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest

from fogbank.engines.base import EngineError
from tests.deployments.energygenius.genius import MOUNT, body, genius, large, recommend
from tests.server import Running, live, until

pytestmark = pytest.mark.anyio
ASKED = {"accept": "text/event-stream"}


def events(text: str) -> list[tuple[str, Any]]:
    """Names and data; comments are left out."""
    blocks = [block for block in text.split("\n\n") if block and not block.startswith(":")]
    found = []
    for block in blocks:
        event, data = block.split("\n")
        found.append((event.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))))
    return found


async def stream(server: Running, query: str = "", **headers: str) -> httpx2.Response:
    return await server.client.post(
        f"{MOUNT}/api/recommend{query}", json=body(), headers=headers or None
    )


@pytest.mark.parametrize(("query", "headers"), [("", ASKED), ("?stream=true", {})])
async def test_the_end_is_the_whole_answer(
    tmp_path: Path, query: str, headers: dict[str, str]
) -> None:
    async with genius(tmp_path) as server:
        response = await stream(server, query, **headers)
        whole = await recommend(server, body(), "?narratives=true")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["access-control-allow-origin"] == "*"
    found = events(response.text)
    told = [(data["stage"], data["status"]) for name, data in found if name == "stage"]
    assert told == [
        (stage, status)
        for stage in ("usage-summary", "plan-scoring", "narrative")
        for status in ("started", "finished")
    ]
    for name, data in found:
        if name == "stage" and data["status"] == "finished":
            assert data["performance"]["totalMs"] >= data["performance"]["inferenceMs"] > 0
    last, result = found[-1]
    assert last == "result"
    assert result["data"]["recommendations"] == whole["data"]["recommendations"]
    narratives = {data["planId"]: data["rationale"] for name, data in found if name == "narrative"}
    best = result["data"]["recommendations"][:3]
    assert narratives == {plan["planId"]: plan["rationale"] for plan in best}


async def test_a_stage_that_fell_back_says_so(tmp_path: Path) -> None:
    async with genius(tmp_path, tries=1) as server:
        server.engine.fail_next(EngineError("no"))
        large(server).fail_next(EngineError("no"))
        found = events((await stream(server, **ASKED)).text)
    assert [data["status"] for name, data in found if name == "stage"][1] == "fallback"
    assert len(found[-1][1]["data"]["metadata"]["errors"]) == 1


async def test_where_it_is_switched_off_json_comes(tmp_path: Path) -> None:
    async with genius(tmp_path, enable_sse=False) as server:
        response = await stream(server, **ASKED)
    assert response.headers["content-type"] == "application/json"
    assert response.json()["data"]["recommendations"]


async def test_a_wrong_body_is_refused_before_the_stream(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.post(f"{MOUNT}/api/recommend", content=b"{", headers=ASKED)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "INVALID_JSON"


async def test_what_was_not_foreseen_is_an_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("a secret of the server")

    async with genius(tmp_path) as server:
        monkeypatch.setattr("fogbank.deployments.energygenius.pipeline.Pipeline.recommend", broken)
        response = await stream(server, **ASKED)
    name, data = events(response.text)[-1]
    assert (name, data["code"]) == ("error", "PIPELINE_ERROR")
    assert "secret" not in response.text


async def test_silence_is_filled_with_comments(tmp_path: Path) -> None:
    async with genius(tmp_path, heartbeat_seconds=0.02) as server, live(server.server) as url:
        server.engine.stall()
        seen: list[str] = []
        async with (
            httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web,
            web.stream("POST", f"{MOUNT}/api/recommend", json=body(), headers=ASKED) as response,
        ):
            async for line in response.aiter_lines():
                seen.append(line)
                if seen.count(": still working") == 3:
                    server.engine.release()
    assert "event: result" in seen


async def test_progress_comes_as_it_is_made(tmp_path: Path) -> None:
    async with genius(tmp_path) as server, live(server.server) as url:
        server.engine.stall()
        async with (
            httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web,
            web.stream("POST", f"{MOUNT}/api/recommend", json=body(), headers=ASKED) as response,
        ):
            lines = response.aiter_lines()
            assert await anext(lines) == "event: stage"
            assert '"started"' in await anext(lines)
            assert server.engine.running <= 1
            server.engine.release()
            rest = [line async for line in lines]
    assert rest.count("event: narrative") == 3


async def test_many_streams_that_are_left(tmp_path: Path) -> None:
    async with genius(tmp_path) as server, live(server.server) as url:
        server.engine.stall()

        async def leave() -> None:
            async with (
                httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as web,
                web.stream("POST", f"{MOUNT}/api/recommend", json=body(), headers=ASKED) as got,
            ):
                await anext(got.aiter_lines())

        await asyncio.gather(*(leave() for _ in range(10)))
        await until(lambda: server.engine.running == 0)
        assert server.server.runtime.in_flight == 0
