"""Work in a thread that does not keep the process from ending, as a thread pool's would."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress


def in_daemon_thread(function: Callable[[], None], name: str) -> asyncio.Future[None]:
    """Runs `function` in a thread of its own; the future is done when it has returned or raised.

    Cancelling the future leaves the thread running.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[None] = loop.create_future()

    def settle(error: BaseException | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    def run() -> None:
        error: BaseException | None = None
        try:
            function()
        except BaseException as caught:
            error = caught
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=run, daemon=True, name=name).start()
    return future
