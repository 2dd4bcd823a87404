"""The log of one step, while it is being made."""

import re
import time
from datetime import UTC, datetime
from typing import Any

import orjson

from fogbank.dialects.ai_gateway.step import Step
from fogbank.dialects.asgi import Headers
from fogbank.storage.gateway_logs import GatewayLog

MAX_TEXT = 8 * 1024
"""Bytes of a request and of an answer that a log keeps."""
UNSENDABLE = re.compile(r"[^\t\x20-\x7e\x80-\xff]")
"""What no header holds, line ends first of all; the binding's `eventId` is any text."""


class LogEntry:
    """`headers` go out with the answer (contract 1.2)."""

    def __init__(self, log_id: str, tenant: str, gateway: str, step: Step, number: int) -> None:
        self.id = log_id
        self.step = step
        self._tenant = tenant
        self._gateway = gateway
        self._number = number
        self._began = time.perf_counter()
        self._created = datetime.now(UTC)
        self._status = 0
        self._cached = False
        self._answer = b""
        self._size = 0
        self._tail = b""
        self._neurons: str | None = None
        self.headers: Headers = [(b"cf-aig-step", str(number).encode())]
        if step.options.collect_log:
            self.headers.append((b"cf-aig-log-id", log_id.encode()))
        if step.options.event_id:
            shown = UNSENDABLE.sub("?", step.options.event_id)
            self.headers.append((b"cf-aig-event-id", shown.encode("latin-1")))

    def streamed(self, part: bytes) -> None:
        """A piece of a streamed answer: the beginning is kept, and the end for its usage."""
        self._size += len(part)
        if len(self._answer) < MAX_TEXT:
            self._answer += part[: MAX_TEXT - len(self._answer)]
        self._tail = (self._tail + part)[-4096:]

    def answered(
        self, status: int, body: bytes | None, *, cached: bool = False, neurons: str | None = None
    ) -> None:
        """The end; `body` None for a stream, whose pieces went by."""
        self._status, self._cached, self._neurons = status, cached, neurons
        if body is not None:
            self._answer, self._size, self._tail = body[:MAX_TEXT], len(body), body

    def failed(self, status: int, text: str) -> None:
        """The step was refused or failed."""
        self.answered(status, text.encode())

    def log(self) -> GatewayLog:
        """The row, as the API names its fields."""
        usage = _usage(self._tail)
        options = self.step.options
        tokens_in, tokens_out = usage.get("prompt_tokens"), usage.get("completion_tokens")
        details: dict[str, Any] = {
            "provider": self.step.provider,
            "model": self.step.card.name if self.step.card else self.step.endpoint,
            "model_type": self.step.card.task if self.step.card else None,
            "path": self.step.endpoint,
            "step": self._number,
            "success": 200 <= self._status < 300,
            "status_code": self._status,
            "cached": self._cached,
            "duration": round((time.perf_counter() - self._began) * 1000),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "neurons": usage.get("neurons", _float(self._neurons)),
            "cost": _cost(options.custom_cost, tokens_in, tokens_out),
            "custom_cost": options.custom_cost is not None,
            "metadata": options.metadata,
            "event_id": options.event_id,
            "request_content_type": "application/json",
            "request_size": len(self.step.body),
            "request_head": _text(self.step.body),
            "request_head_complete": len(self.step.body) <= MAX_TEXT,
            "response_size": self._size,
            "response_head": _text(self._answer),
            "response_head_complete": self._size <= MAX_TEXT,
            "feedback": None,
            "score": None,
        }
        created = self._created.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return GatewayLog(
            id=self.id,
            tenant=self._tenant,
            gateway=self._gateway,
            created_at=created,
            details=details,
        )


def _text(data: bytes) -> str:
    return data[:MAX_TEXT].decode(errors="replace")


def _float(text: str | None) -> float | None:
    return float(text) if text else None


def _usage(tail: bytes) -> dict[str, Any]:
    """`usage` of a JSON answer, or of the last event of a stream that has one."""
    for line in reversed(tail.split(b"\n\n")):
        try:
            data = orjson.loads(line.removeprefix(b"data: "))
        except orjson.JSONDecodeError:
            continue
        for place in (data, data.get("result") if isinstance(data, dict) else None):
            if isinstance(place, dict) and isinstance(place.get("usage"), dict):
                return dict(place["usage"])
    return {}


def _cost(custom: Any, tokens_in: Any, tokens_out: Any) -> float | None:
    """By the client's own prices, `{per_token_in, per_token_out}` or `{total_cost}`."""
    if custom is None:
        return None
    if isinstance(custom.get("total_cost"), int | float):
        return float(custom["total_cost"])
    parts = ((custom.get("per_token_in"), tokens_in), (custom.get("per_token_out"), tokens_out))
    return float(
        sum(price * count for price, count in parts if isinstance(price, int | float) and count)
    )
