"""One request of any dialect, from first line to last byte: what goes wrong is told and logged."""

import time
from collections.abc import Awaitable, Callable

import structlog

from fogbank import errors
from fogbank.dialects.asgi import ClientGone
from fogbank.errors import AIError, RouteError
from fogbank.runtime.context import Context

LOGGED_CHARACTERS = 200

log = structlog.get_logger("fogbank.request")


async def exchange(
    context: Context,
    model: str,
    work: Awaitable[None],
    refuse: Callable[[AIError | RouteError], Awaitable[None]],
) -> None:
    """Awaits `work`, which answers; `refuse` answers in the dialect's words when it raises.

    `work` raises only before it has sent anything. `model` is the name as the client wrote it.
    """
    began = time.perf_counter()
    model = model[:LOGGED_CHARACTERS]
    status = 200
    try:
        await work
    except RouteError as error:
        status = error.status
        await refuse(error)
    except AIError as error:
        status = error.kind.status
        await refuse(error)
    except ClientGone:
        status = 499
    except Exception:
        status = 500
        log.exception("request failed", id=context.request_id, model=model)
        await refuse(AIError(errors.INTERNAL))
    took = round((time.perf_counter() - began) * 1000, 1)
    log.info("request", id=context.request_id, model=model, status=status, ms=took, key=context.key)
