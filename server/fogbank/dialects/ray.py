"""The header `cf-ray` of every answer (contract 1.2)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fogbank.runtime.context import RANDOM

PLACE = "FOG"
"""Where Cloudflare has the airport of the data center that answered."""


class Ray:
    """The outermost layer: names every answer, refusals and health checks included."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                ray = f"{RANDOM.getrandbits(64):016x}-{PLACE}".encode()
                message["headers"] = [*message["headers"], (b"cf-ray", ray)]
            await send(message)

        await self._app(scope, receive, named)
