"""One request to the server under load, and what it took."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
import orjson

from fogbank.load.mix import Body

Dialect = Literal["workers-ai", "openai"]
DIALECTS: tuple[Dialect, ...] = ("workers-ai", "openai")


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds to the first text and to the end, and the tokens that the server counted.

    `error` is a status or what went wrong, empty for an answer that came to its end.
    """

    first: float = 0.0
    whole: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""

    @property
    def per_token(self) -> float | None:
        """Mean seconds of a token after the first; None where there is only one."""
        if self.completion_tokens < 2:
            return None
        return (self.whole - self.first) / (self.completion_tokens - 1)


@dataclass(frozen=True, slots=True)
class Target:
    """A model on a server. `account` is of Workers AI's path."""

    url: str
    model: str
    dialect: Dialect
    account: str

    @property
    def path(self) -> str:
        """Where it is asked."""
        if self.dialect == "openai":
            return f"{self.url}/v1/chat/completions"
        return f"{self.url}/client/v4/accounts/{self.account}/ai/run/{self.model}"

    async def ask(self, client: httpx2.AsyncClient, body: Body) -> Sample:
        """Streams one answer to its end."""
        asked: dict[str, Any] = {**body, "stream": True}
        if self.dialect == "openai":
            asked |= {"model": self.model, "stream_options": {"include_usage": True}}
            if "prompt" in asked:
                asked["messages"] = [{"role": "user", "content": asked.pop("prompt")}]
        began = time.perf_counter()
        try:
            async with client.stream("POST", self.path, json=asked) as response:
                if response.status_code != 200:
                    await response.aread()
                    return Sample(error=str(response.status_code))
                return await _read(response, began)
        except httpx2.TimeoutException:
            return Sample(error="timeout")
        except httpx2.TransportError as error:
            return Sample(error=type(error).__name__)


async def _read(response: httpx2.Response, began: float) -> Sample:
    first, done = 0.0, False
    usage: dict[str, Any] = {}
    async for line in response.aiter_lines():
        if not line.startswith("data: "):
            continue
        data = line.removeprefix("data: ")
        if data == "[DONE]":
            done = True
            continue
        event = orjson.loads(data)
        if not first and _has_text(event):
            first = time.perf_counter() - began
        usage = event.get("usage") or usage
    whole = time.perf_counter() - began
    if not done:
        return Sample(error="broken off")
    return Sample(
        first or whole,
        whole,
        int(usage.get("prompt_tokens", 0)),
        int(usage.get("completion_tokens", 0)),
    )


def _has_text(event: dict[str, Any]) -> bool:
    if event.get("response"):
        return True
    return any(choice.get("delta", {}).get("content") for choice in event.get("choices") or ())
