"""Asking a real server: the models of the embedded profile, answers and streams."""

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any

import httpx2
import orjson

from tests.server import RUN

TEXT = "@cf/meta/llama-3.1-8b-instruct"
SENTIMENT = "@cf/huggingface/distilbert-sst-2-int8"
EMBEDDINGS = "@cf/baai/bge-small-en-v1.5"
ENTITIES = "@fogbank/ner-minilm"
STAND_IN = "SmolLM2-135M-Instruct"

CAPITAL = "What is the capital of France?"
ENDLESS = {"prompt": "1, 2, 3, 4, 5, 6, 7,", "raw": True, "temperature": 0, "max_tokens": 1500}
"""Counts on without an end token for minutes."""


async def ask(web: httpx2.AsyncClient, model: str, **body: Any) -> Any:
    """The `result` of a request that must succeed."""
    response = await web.post(RUN + model, json=body)
    answer = response.json()
    assert response.status_code == 200, answer
    assert answer.keys() == {"result", "success", "errors", "messages"}
    assert (answer["success"], answer["errors"], answer["messages"]) == (True, [], [])
    return answer["result"]


async def refusal(web: httpx2.AsyncClient, model: str, **body: Any) -> tuple[int, dict[str, Any]]:
    """HTTP status and the one error of a request that must fail."""
    response = await web.post(RUN + model, json=body)
    (error,) = response.json()["errors"]
    return response.status_code, error


@dataclass
class Story:
    """What a stream has sent so far; `begun` is set by its first event."""

    times: list[float] = field(default_factory=list)
    data: list[str] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    headers: httpx2.Headers = field(default_factory=httpx2.Headers)

    async def read(self, web: httpx2.AsyncClient, **body: Any) -> "Story":
        """Reads a stream to its end, line by line as it comes."""
        async with web.stream("POST", RUN + TEXT, json={**body, "stream": True}) as response:
            assert response.status_code == 200, await response.aread()
            self.headers = response.headers
            async for line in response.aiter_lines():
                if line:
                    assert line.startswith("data: ")
                    self.data.append(line.removeprefix("data: "))
                    self.times.append(time.monotonic())
                    self.begun.set()
        return self

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events as JSON, without `[DONE]`."""
        return [orjson.loads(data) for data in self.data if data != "[DONE]"]

    @property
    def text(self) -> str:
        """The pieces put together."""
        return "".join(event.get("response", "") for event in self.events)

    @property
    def finished(self) -> bool:
        """Whether it ended well."""
        return self.data[-1:] == ["[DONE]"]

    @property
    def error(self) -> int | None:
        """The code of the error event that ended it."""
        last = self.events[-1] if self.data and not self.finished else {}
        if last.keys() != {"errors", "success"} or last["success"]:
            return None
        code: int = last["errors"][0]["code"]
        return code


async def begin(
    web: httpx2.AsyncClient, count: int, **body: Any
) -> list[tuple[Story, asyncio.Task[Story]]]:
    """So many streams of which each has said something."""
    stories = [Story() for _ in range(count)]
    tasks = [
        asyncio.create_task(story.read(web, **{**ENDLESS, **body, "seed": number}))
        for number, story in enumerate(stories, 1)
    ]
    for story, task in zip(stories, tasks, strict=True):
        waiting = asyncio.create_task(story.begun.wait())
        await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED, timeout=60)
        waiting.cancel()
        assert story.begun.is_set(), task
    return list(zip(stories, tasks, strict=True))
