"""A place where a Worker waits until its test lets it go on, so that nothing is told by time."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SECONDS = 10
ANSWER = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"


class Gate:
    """An HTTP server whose GET of a path is answered once that path is open."""

    def __init__(self) -> None:
        self.url = ""
        self._come: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self._open: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)

    async def come(self, name: str) -> None:
        """Returns once somebody waits at this gate. Raises TimeoutError."""
        async with asyncio.timeout(SECONDS):
            await self._come[name].wait()

    def open(self, name: str) -> None:
        """Who waits here goes on."""
        self._open[name].set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request of a Worker."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            name = head.split(b" ", 2)[1].decode().strip("/")
            self._come[name].set()
            await self._open[name].wait()
            writer.write(ANSWER)
            await writer.drain()
        except (OSError, EOFError):
            pass  # the Worker has left
        finally:
            writer.close()

    def release(self) -> None:
        """Lets everybody go on who waits anywhere."""
        for name in list(self._come):
            self.open(name)


@asynccontextmanager
async def gate() -> AsyncIterator[Gate]:
    """A gate on a free loopback port."""
    here = Gate()
    server = await asyncio.start_server(here.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    here.url = f"http://127.0.0.1:{port}"
    try:
        yield here
    finally:
        here.release()
        server.close()
        await server.wait_closed()
