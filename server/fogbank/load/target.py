"""One request to the server under load, and what it took."""

import time
from dataclasses import dataclass
from typing import Any, Literal

import httpx2
import orjson

from fogbank.load.mix import Body

Dialect = Literal["workers-ai", "openai"]
DIALECTS: tuple[Dialect, ...] = ("workers-ai", "openai")

COUNTS = ("prompt_tokens", "completion_tokens")
TEXTS = ("content", "reasoning_content", "reasoning", "tool_calls")


@dataclass(frozen=True, slots=True)
class Sample:
    """Seconds to the first text and to the end, and the tokens that the server counted.

    `error` is a status or what went wrong, empty for an answer that came to its end. `began` is in
    seconds after the begin of the load.
    """

    first: float = 0.0
    whole: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: str = ""
    began: float = 0.0

    def within(self, since: float, until: float) -> float:
        """The share of its time that lies between these two."""
        if self.whole <= 0:
            return float(since <= self.began < until)
        overlap = min(until, self.began + self.whole) - max(since, self.began)
        return min(1.0, max(0.0, overlap / self.whole))

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
        except httpx2.HTTPError as error:
            return Sample(error=type(error).__name__)


async def _read(response: httpx2.Response, began: float) -> Sample:
    """An answer whose usage nobody tells has a token for each piece of text."""
    first, pieces, done = 0.0, 0, False
    usage: dict[str, int] = {}
    async for line in response.aiter_lines():
        if not line.startswith("data:"):
            continue
        data = line.removeprefix("data:").strip()
        if data == "[DONE]":
            done = True
            continue
        try:
            event = orjson.loads(data)
            text, told = _has_text(event), event.get("usage") or {}
            counts = {name: int(told[name]) for name in COUNTS if name in told}
            failed = bool(event.get("error") or event.get("errors"))
        except (ValueError, TypeError, AttributeError, KeyError):
            return Sample(error="no event of a stream")
        if failed:
            return Sample(error="error in the stream")
        if text:
            first = first or time.perf_counter() - began
            pieces += 1
        usage |= counts
    whole = time.perf_counter() - began
    if not done:
        return Sample(error="broken off")
    answered = usage.get("completion_tokens", pieces)
    return Sample(first or whole, whole, usage.get("prompt_tokens", 0), answered)


def _has_text(event: dict[str, Any]) -> bool:
    """Of an answer, of thoughts, or of a tool call."""
    if event.get("response"):
        return True
    deltas = (choice.get("delta") or {} for choice in event.get("choices") or ())
    return any(delta.get(name) for delta in deltas for name in TEXTS)
