"""HTTP to one OpenAI-compatible server, its failures as engine errors."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any

import httpx2
import orjson

from fogbank.engines.base import EngineDead, EngineRefused, EngineUnavailable
from fogbank.engines.remote_sse import SseReader
from fogbank.engines.remote_wire import status_error

PROBE_TIMEOUT = 5.0


class RemoteClient:
    """Requests below `url`, an http(s) address that may end in /v1.

    `timeout` is the longest silence of the server in seconds. Redirects are not followed, and a
    loopback server is never reached through the environment's proxies.
    """

    def __init__(self, url: str, api_key: str | None, timeout: float) -> None:
        parsed = self.check(url)
        self.url = url.rstrip("/").removesuffix("/v1")
        self._timeout = timeout
        headers = {"accept-encoding": "identity", "user-agent": "fogbank"}
        if api_key is not None:
            headers["authorization"] = f"Bearer {api_key}"
        self._http = httpx2.AsyncClient(
            headers=headers,
            timeout=httpx2.Timeout(timeout, connect=min(5.0, timeout)),
            # Permits bound what is in flight. Idle connections go before a server closes them.
            limits=httpx2.Limits(
                max_connections=None, max_keepalive_connections=64, keepalive_expiry=2.0
            ),
            trust_env=not _is_loopback(parsed.host),
        )

    @staticmethod
    def check(url: str) -> httpx2.URL:
        """Raises ValueError for an address that cannot be one of a server."""
        try:
            parsed = httpx2.URL(url)
        except httpx2.InvalidURL as error:
            raise ValueError(f"url: {error}") from error
        if parsed.scheme not in ("http", "https") or not parsed.host:
            raise ValueError(f"url: expected http://host:port or https://host, got {url!r}")
        if parsed.userinfo:
            raise ValueError("url: a password does not belong here; name a variable in api_key_env")
        return parsed

    async def close(self) -> None:
        """Ends every connection."""
        await self._http.aclose()

    async def get(self, path: str) -> tuple[int, bytes]:
        """Status and body; `path` is below the server's root. Waits PROBE_TIMEOUT at most."""
        with self._translated():
            answer = await self._http.get(self.url + path, timeout=PROBE_TIMEOUT)
            return answer.status_code, answer.content

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The parsed answer; `path` is below /v1."""
        with self._translated():
            answer = await self._http.post(f"{self.url}/v1/{path}", **_json(body))
        if answer.status_code != 200:
            raise status_error(answer.status_code, answer.content)
        try:
            return orjson.loads(answer.content)
        except orjson.JSONDecodeError as error:
            raise EngineDead(f"{self.url} sent an answer that is not JSON") from error

    async def events(self, path: str, body: dict[str, Any]) -> AsyncGenerator[bytes]:
        """The data of the answer's events up to `[DONE]` or the end of the body.

        Closing the iterator closes the connection, upon which the server aborts the request.
        """
        reader = SseReader()
        with self._translated():
            async with self._http.stream("POST", f"{self.url}/v1/{path}", **_json(body)) as answer:
                if answer.status_code != 200:
                    raise status_error(answer.status_code, await answer.aread())
                async for piece in answer.aiter_bytes():
                    for data in reader.push(piece):
                        if data == b"[DONE]":
                            return
                        yield data

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            raise EngineUnavailable(f"{self.url} cannot be reached: {error}") from error
        except httpx2.TimeoutException as error:
            raise EngineDead(f"{self.url} was silent for too long ({self._timeout:g} s)") from error
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise EngineDead(f"the connection to {self.url} was cut: {error}") from error
        except ValueError as error:
            raise EngineDead(f"{self.url} sent {error}") from error


def _json(body: dict[str, Any]) -> dict[str, Any]:
    try:
        content = orjson.dumps(body)
    except TypeError as error:  # a lone surrogate in a text, a key that is no string in a schema
        raise EngineRefused(f"the request cannot be written as JSON: {error}") from error
    return {"content": content, "headers": {"content-type": "application/json"}}


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
