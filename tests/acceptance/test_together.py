"""Many requests at once, and models that come and go."""

import asyncio
from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import httpx2
import pytest

from tests.acceptance.asking import CAPITAL, EMBEDDINGS, ENTITIES, SENTIMENT, TEXT, Story, ask
from tests.real_server import until_running

pytestmark = [pytest.mark.anyio, pytest.mark.engine]


def told(item: dict[str, Any]) -> dict[str, Any]:
    """A label or an entity; its score as near as texts of another batch leave it."""
    return {**item, "score": pytest.approx(item["score"], abs=1e-3)}


async def test_sixteen_requests_of_all_kinds_at_once(web: httpx2.AsyncClient) -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        (TEXT, {"prompt": CAPITAL, "temperature": 0}),
        (EMBEDDINGS, {"text": ["one", "two"]}),
        (SENTIMENT, {"text": "I love this."}),
        (ENTITIES, {"text": "Google was founded in California."}),
    ]
    streams = [Story() for _ in range(4)]
    answers, *_ = await asyncio.gather(
        asyncio.gather(*(ask(web, model, **body) for model, body in bodies * 3)),
        *(story.read(web, prompt=CAPITAL, temperature=0) for story in streams),
    )
    assert all("Paris" in answer["response"] for answer in answers[0::4])
    assert all(answer["shape"] == [2, 384] for answer in answers[1::4])
    for found in (answers[2::4], answers[3::4]):
        for answer in found[1:]:
            assert [told(item) for item in answer] == [told(item) for item in found[0]]
    assert all("Paris" in story.text and story.finished for story in streams)
    await until_running(web, 0)


@pytest.mark.parametrize("name", ["bge-small-en-v1.5", "minilm"])
async def test_a_stopped_model_comes_back_with_the_next_request(
    web: httpx2.AsyncClient, command_line: Callable[..., CompletedProcess[str]], name: str
) -> None:
    stopped = await asyncio.to_thread(command_line, "stop", name)
    assert stopped.returncode == 0, stopped.stderr
    others = "2 other models use it"  # the reranker and the summarizer that it stands in for
    assert stopped.stdout == f"Unloading minilm ({others}).\n"
    async with asyncio.timeout(20):
        while (await _state(web))["state"] != "unloaded":
            await asyncio.sleep(0.05)
    assert (await web.get("/health/ready")).status_code == 200
    assert (await ask(web, EMBEDDINGS, text="again"))["shape"] == [1, 384]
    assert (await _state(web))["ready"] is True


async def _state(web: httpx2.AsyncClient) -> dict[str, Any]:
    state: dict[str, Any] = (await web.get("/health/ready")).json()["models"]["minilm"]
    return state
