"""One request of any dialect, from first line to last byte: what goes wrong is told and logged."""

import time
from collections.abc import Awaitable, Callable, Coroutine

import structlog
from starlette.types import Receive

from fogbank import errors
from fogbank.dialects.asgi import ClientGone, while_connected
from fogbank.errors import AIError, RouteError, as_documented
from fogbank.runtime.context import Context

LOGGED_CHARACTERS = 200

log = structlog.get_logger("fogbank.request")


async def exchange(
    context: Context,
    model: str | Callable[[], str],
    work: Awaitable[None],
    refuse: Callable[[AIError | RouteError], Awaitable[None]],
    receive: Receive | None = None,
) -> None:
    """Awaits `work`, which answers; `refuse` answers in the dialect's words when it raises.

    `work` raises only before it has sent anything. `model` is the name as the client wrote it,
    or tells it at the end, where the body holds it. With `receive`, a fault that waits ends when
    the client leaves.
    """
    began = time.perf_counter()
    status = 200
    try:
        await (work if context.fault is None else _with_fault(context, work, receive))
        status = context.status
    except (RouteError, AIError) as error:
        told = as_documented(error) if context.documented_errors else error
        status = told.status
        await refuse(told)
    except ClientGone:
        status = 499
    except Exception:
        status = 500
        log.exception("request failed", id=context.request_id, model=_name(model))
        await refuse(AIError(errors.INTERNAL))
    took = round((time.perf_counter() - began) * 1000, 1)
    name = _name(model)
    log.info("request", id=context.request_id, model=name, status=status, ms=took, key=context.key)


def _name(model: str | Callable[[], str]) -> str:
    return (model if isinstance(model, str) else model())[:LOGGED_CHARACTERS]


async def _with_fault(context: Context, work: Awaitable[None], receive: Receive | None) -> None:
    fault = context.fault
    assert fault is not None
    try:
        if fault.after is None:
            happening = fault.happen(context.deadline)
            if receive is None:
                await happening
            elif not await while_connected(receive, happening):
                raise ClientGone
    except BaseException:
        if isinstance(work, Coroutine):
            work.close()
        raise
    await work
