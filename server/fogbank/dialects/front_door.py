"""What the front door says no with: no route, no key, a foreign page (contract 2.4)."""

import re
from typing import Any

import structlog
from starlette.types import Scope, Send

from fogbank.dialects.asgi import send_json
from fogbank.dialects.openai.error_object import error_object
from fogbank.errors import RouteError
from fogbank.telemetry.metrics import Metrics

LOGGED_CHARACTERS = 200
COMPATIBLE = re.compile(r"(/client/v4/accounts/[^/]+/ai)?/v1/(?![0-9a-fA-F]{32}(/|$))")
"""Paths whose clients, of OpenAI's and Anthropic's APIs, read `error` beside the envelope."""

log = structlog.get_logger("fogbank.door")


class FrontDoor:
    """Refuses requests that reach no dialect; each is counted and logged."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def note(self, scope: Scope, error: RouteError) -> None:
        """Counts and logs a refusal that somebody else sends."""
        self._metrics.refused(error)
        code, reason = error.errors[-1]
        write = log.warning if error.status in (401, 403) else log.info
        write(
            "refused",
            method=scope["method"],
            path=_path(scope),
            status=error.status,
            code=code,
            reason=reason[:LOGGED_CHARACTERS],
        )

    async def refuse(self, scope: Scope, send: Send, error: RouteError) -> None:
        """Notes a refusal and answers with it."""
        self.note(scope, error)
        body = front_door_body(error)
        if COMPATIBLE.match(scope["path"]):
            body |= {"type": "error", "error": error_object(error, "")}
        await send_json(send, error.status, body)


def front_door_body(error: RouteError) -> dict[str, Any]:
    """The body of a front-door error (contract 2.4)."""
    listed = [{"code": code, "message": message} for code, message in error.errors]
    return {"result": None, "success": False, "errors": listed, "messages": []}


def _path(scope: Scope) -> str:
    """As it was sent: percent-encoded, so that no control character reaches a terminal."""
    path = scope.get("raw_path") or scope["path"].encode()
    return str(path[:LOGGED_CHARACTERS], "ascii", "backslashreplace")
