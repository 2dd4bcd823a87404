"""A closed-loop HTTP load client that costs little: raw asyncio, one connection a client.

It reads answers only as far as it must (first event, end, token counts), because it shares the
machine's cores with what it measures.
"""

import asyncio
import re
import statistics
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_TOKENS = re.compile(rb'"completion_tokens":\s*(\d+)')
_LENGTH = re.compile(rb"content-length:\s*(\d+)", re.IGNORECASE)
_KEEP = 4096


@dataclass(slots=True)
class Sample:
    """One request: seconds to the first body byte and to the end, and the tokens it was told."""

    first: float
    whole: float
    tokens: int


@dataclass(slots=True)
class Load:
    """What `clients` closed-loop clients saw in `seconds`."""

    seconds: float
    samples: list[Sample] = field(default_factory=list)
    errors: int = 0

    @property
    def tokens(self) -> int:
        """Completion tokens of all requests."""
        return sum(sample.tokens for sample in self.samples)

    @property
    def tokens_per_second(self) -> float:
        """Aggregate rate."""
        return self.tokens / self.seconds

    @property
    def requests_per_second(self) -> float:
        """Finished requests in a second."""
        return len(self.samples) / self.seconds

    def first_ms(self, quantile: float = 0.5) -> float:
        """Time to the first token at a quantile, in milliseconds."""
        return _quantile([sample.first for sample in self.samples], quantile) * 1000


class _Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self) -> None:
        self._done: asyncio.Future[Sample] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def request(self, data: bytes) -> "asyncio.Future[Sample]":
        assert self._transport is not None
        self._done = asyncio.get_running_loop().create_future()
        self._began, self._first, self._body_left = time.perf_counter(), 0.0, -1
        self._tail = b""
        self._head: bytes | None = b""
        self._transport.write(data)
        return self._done

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            data = self._read_head(self._head + data)
        if not data:
            return
        if not self._first:
            self._first = time.perf_counter() - self._began
        self._tail = (self._tail + data)[-_KEEP:]
        if self._body_left >= 0:
            self._body_left -= len(data)
            if self._body_left <= 0:
                self._finish()
        elif self._tail.endswith(b"0\r\n\r\n"):
            self._finish()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._done and not self._done.done():
            self._done.set_exception(exc or ConnectionResetError())

    def _read_head(self, data: bytes) -> bytes:
        head, end, body = data.partition(b"\r\n\r\n")
        if not end:
            self._head = data
            return b""
        self._head = None
        if not head.startswith(b"HTTP/1.1 200") and self._done:
            self._done.set_exception(ValueError(data[:600].decode(errors="replace")))
        length = _LENGTH.search(head)
        self._body_left = int(length[1]) if length else -1
        return body

    def _finish(self) -> None:
        assert self._done is not None
        counts = _TOKENS.findall(self._tail)
        whole = time.perf_counter() - self._began
        if not self._done.done():
            self._done.set_result(Sample(self._first, whole, int(counts[-1]) if counts else 0))


def http_post(url: str, body: bytes) -> bytes:
    """The bytes of a POST request."""
    parts = urlsplit(url)
    head = (
        f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
    )
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def drive(url: str, bodies: list[bytes], clients: int, requests: int) -> Load:
    """Sends `requests` requests in all through `clients` clients, each waiting for its answer."""
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or 80
    loop = asyncio.get_running_loop()
    queue = iter(range(requests))
    load = Load(0.0)

    async def client() -> None:
        _, connection = await loop.create_connection(_Connection, host, port)
        for number in queue:
            try:
                load.samples.append(
                    await connection.request(http_post(url, bodies[number % len(bodies)]))
                )
            except (ValueError, OSError) as error:
                load.errors += 1
                print("error:", error)
                _, connection = await loop.create_connection(_Connection, host, port)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    load.seconds = time.perf_counter() - began
    return load


def _quantile(values: list[float], quantile: float) -> float:
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[round(quantile * 100) - 1]
