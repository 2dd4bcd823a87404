"""Answers of the recording's own stub, replayed in front of a server.

Some recorded answers Fogbank never gives: those of made-up models (`@cf/lab/texterr`), of image
models, an error in the form of the REST API. That a Worker sees them as recorded still shows that
every piece on the way (preload, plugin, Miniflare, runtime) passes them on as they are.
"""

from collections.abc import Collection, Mapping

from starlette.types import ASGIApp, Receive, Scope, Send

from tests.workers.capture.recording import Answered, Call, Sent

CUT = "midstream"
"""The recorded call whose answer broke off."""


class RecordedAnswers:
    """Replays the recorded answers of the calls named in `replayed`; the rest goes to `app`.

    `now` is the call that the Worker is about to make. `sent` keeps what it sent
    last for each.
    """

    def __init__(self, app: ASGIApp, calls: Mapping[str, Call], replayed: Collection[str]) -> None:
        self._app = app
        self._calls = calls
        self._replayed = replayed
        self.now = ""
        self.sent: dict[str, Sent] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.now not in self._replayed or _is_rpc(scope):
            await self._app(scope, receive, send)
            return
        answer = self._calls[self.now].answer
        assert answer, f"{self.now} sent a request, and none was recorded"
        self.sent[self.now] = await _read(scope, receive)
        await _replay(answer, send)
        if self.now == CUT:
            raise ConnectionResetError("as recorded, without a last word")
        await send({"type": "http.response.body", "body": b""})


def _is_rpc(scope: Scope) -> bool:
    """The socket that Miniflare asks for beside every call, which nobody has to open."""
    names = {name for name, _ in scope["headers"]}
    return b"upgrade" in names and not names & {b"mf-url", b"cf-consn-model-id"}


async def _read(scope: Scope, receive: Receive) -> Sent:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = {name.decode(): value.decode() for name, value in scope["headers"]}
    query = scope["query_string"].decode()
    path = scope["raw_path"].decode() + (f"?{query}" if query else "")
    return Sent(scope["method"], path, headers, body)


async def _replay(answer: Answered, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    for part in answer.body:
        await send({"type": "http.response.body", "body": part, "more_body": True})
