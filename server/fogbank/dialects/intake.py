"""What every dialect reads of a request before it knows what is asked."""

import asyncio
import re

from starlette.types import Receive, Scope

from fogbank import errors
from fogbank.dialects.asgi import BodyTooLarge, header, read_body
from fogbank.errors import AIError
from fogbank.runtime.context import Context
from fogbank.settings import Settings

DEADLINE_HEADER = b"x-fogbank-deadline"
SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


def context(scope: Scope, settings: Settings, *, dialect: str = "workers_ai") -> Context:
    """A new request's context, its deadline as the header `x-fogbank-deadline` asks."""
    deadline = settings.deadline
    asked = header(scope, DEADLINE_HEADER)
    if asked and SECONDS.fullmatch(asked) and float(asked) > 0:
        deadline = min(float(asked), settings.max_deadline)
    return Context(
        deadline=deadline,
        key=scope.get("state", {}).get("key"),
        account=scope.get("path_params", {}).get("account_id"),
        dialect=dialect,
    )


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
