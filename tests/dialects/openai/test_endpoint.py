"""What every compatible route does before it answers."""

import asyncio
import threading
from pathlib import Path

import httpx2
import pytest

from fogbank.dialects import intake
from fogbank.dialects.openai.chat import ChatCompletions
from fogbank.dialects.openai.endpoint import Ask
from fogbank.dialects.openai.generation import Wanted
from tests.dialects.openai.test_chat import PATHS, chat
from tests.server import TEXT, Running, live, profile, running, settings, until

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6")]


async def test_a_large_body_is_read_off_the_loop(
    fogbank: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else everybody's stream stops for as long as it takes."""
    on_the_loop = []

    def read(endpoint: ChatCompletions, ask: Ask) -> Wanted:
        on_the_loop.append(threading.current_thread() is threading.main_thread())
        return original(endpoint, ask)

    original = ChatCompletions.read
    monkeypatch.setattr(ChatCompletions, "read", read)
    await chat(fogbank)
    await chat(fogbank, ignored="a" * intake.LARGE)
    assert on_the_loop == [True, False]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_client_that_leaves_frees_every_answer(tmp_path: Path, stream: bool) -> None:
    """Those that run, and those that wait for a permit: n is more than there are."""
    said = [{"role": "user", "content": "word " * 100}]
    body = {"model": TEXT, "messages": said, "n": 5, "stream": stream}
    async with running(settings(tmp_path), profile(max_concurrent=2)) as fogbank:
        fogbank.engine.slow(0.02)
        async with live(fogbank.server) as url, httpx2.AsyncClient(trust_env=False) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await client.post(url + PATHS[1], json=body)
            await until(lambda: fogbank.engine.running == fogbank.server.runtime.in_flight == 0)
        assert (fogbank.engine.started, fogbank.engine.aborted) == (2, 2)
        fogbank.engine.slow(0)
        assert len((await chat(fogbank, n=5))["choices"]) == 5
