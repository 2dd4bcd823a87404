"""A scripted HTTP/1.1 server on loopback, which can cut a body and sees a client go away."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass
class Reply:
    """Pieces of a body, each written on its own; then `hold`, then the end or a `cut`."""

    pieces: list[bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hold: asyncio.Event | None = None
    cut: bool = False


def json_reply(value: object, status: int = 200) -> Reply:
    return Reply([json.dumps(value).encode()], status, {"content-type": "application/json"})


def sse_reply(*events: object, done: bool = True, **options: Any) -> Reply:
    """One piece per event."""
    pieces = [b"data: " + json.dumps(event).encode() + b"\n\n" for event in events]
    return Reply(pieces + [b"data: [DONE]\n\n"] * done, **options)


@dataclass
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class Loopback:
    """Serves `replies[path]`, 404 for other paths. Use as an async context manager."""

    def __init__(self, replies: dict[str, Reply]) -> None:
        self.replies = replies
        self.seen: list[Seen] = []
        self.gone = asyncio.Event()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listens, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Cuts every connection."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await self._server.wait_closed()
        while self._writers:
            await asyncio.sleep(0)

    def bodies(self, path: str) -> list[Any]:
        return [seen.body for seen in self.seen if seen.path == path]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.seen.append(Seen(method, path, headers, json.loads(body) if body else None))
        reply = self.replies.get(path, Reply([b"not found"], 404))
        lines = [f"HTTP/1.1 {reply.status} X", "transfer-encoding: chunked"]
        lines += [f"{key}: {value}" for key, value in reply.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        for piece in reply.pieces:
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            await writer.drain()
            await asyncio.sleep(0)
        if reply.hold is not None and not await self._held(reader, reply.hold):
            return False
        if reply.cut:
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True

    async def _held(self, reader: asyncio.StreamReader, hold: asyncio.Event) -> bool:
        """Waits for the release; False when the client went away first."""
        waits = {asyncio.create_task(hold.wait()), asyncio.create_task(reader.read(1))}
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in pending:
            wait.cancel()
        if not hold.is_set():
            self.gone.set()
        return hold.is_set()
