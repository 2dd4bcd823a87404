"""What every dialect reads of a request before it knows what is asked."""

import asyncio
import re
from collections.abc import Callable
from typing import TypeVar

import structlog
from starlette.types import Receive, Scope

from fogbank import errors
from fogbank.dialects.asgi import BodyTooLarge, read_body
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.runtime.faults import Fault, fault
from fogbank.settings import Settings

DEADLINE_HEADER = b"x-fogbank-deadline"
FAULT_HEADER = b"x-fogbank-fault"
LARGE = 1 << 18
"""Bytes of a body from which it is checked in a thread: a mebibyte takes tenths of a second."""

LOGGED_CHARACTERS = 60
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")

T = TypeVar("T")

log = structlog.get_logger("fogbank.request")


def context(scope: Scope, settings: Settings, *, dialect: str = "workers_ai") -> Context:
    """A new request's context, its deadline as the header `x-fogbank-deadline` asks."""
    deadline, asked_fault = settings.deadline, None
    for name, value in scope["headers"]:
        if name == DEADLINE_HEADER:
            asked = str(value, "latin-1")
            if SECONDS.fullmatch(asked) and float(asked) > 0:
                deadline = min(float(asked), settings.max_deadline)
        elif name == FAULT_HEADER:
            asked_fault = _fault(str(value, "latin-1"), scope, settings)
    return Context(
        deadline=deadline,
        documented_errors=settings.error_forms == "documented",
        fault=asked_fault,
        key=scope.get("state", {}).get("key"),
        account=scope.get("path_params", {}).get("account_id"),
        dialect=dialect,
    )


def _fault(value: str, scope: Scope, settings: Settings) -> Fault | None:
    if settings.faults:
        return fault(value, scope["path"], 1 if settings.retry_after else None)
    log.info("x-fogbank-fault ignored: the setting faults is off", value=value[:LOGGED_CHARACTERS])
    return None


async def body(scope: Scope, receive: Receive, settings: Settings) -> bytes:
    """The bytes of the body; a client that sends them too slowly is not waited for.

    Raises AIError for one that is too large, too slow or empty, and ClientGone.
    """
    try:
        async with asyncio.timeout(settings.deadline):
            data = await read_body(scope, receive, settings.max_body_bytes)
    except BodyTooLarge:
        raise AIError(errors.TOO_LARGE) from None
    except TimeoutError:
        raise AIError(errors.TIMEOUT) from None
    if not data:
        raise AIError(errors.MISSING_BODY, what="body")
    return data


async def off_the_loop(size: int, work: Callable[[], T]) -> T:
    """What `work` makes of a body of so many bytes. A large one must not hold up every stream."""
    return work() if size < LARGE else await asyncio.to_thread(work)
