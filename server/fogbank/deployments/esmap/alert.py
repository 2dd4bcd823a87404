"""Says when too many inferences fail, once when it starts and once when it ends."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from fogbank.clock import Clock
from fogbank.deployments.esmap.metrics import EsmapMetrics
from fogbank.deployments.esmap.options import AlertOptions
from fogbank.deployments.web import timestamp

LOOK_SECONDS = 1.0

log = structlog.get_logger("fogbank.esmap")
Tell = Callable[[dict[str, Any]], None]


class Alert:
    """Counts computed inferences by the second. A cached answer shows nothing of a model.

    It fires while the share of failures in the window is above the threshold and the window holds
    inferences enough to say so. `tell` gets the message of each start and end, and must not block.
    """

    def __init__(
        self, options: AlertOptions, metrics: EsmapMetrics, clock: Clock, tell: Tell
    ) -> None:
        self.firing_since: datetime | None = None
        self._options = options
        self._metrics = metrics
        self._clock = clock
        self._tell = tell
        self._seconds: deque[list[int]] = deque()
        self._total = self._failed = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def rate(self) -> float:
        """Share of failures in the window, 0 to 1."""
        return self._failed / self._total if self._total else 0.0

    def record(self, *, failed: bool) -> None:
        """Counts one inference, and looks."""
        second = int(self._clock.monotonic())
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0])
        self._seconds[-1][1] += 1
        self._seconds[-1][2] += failed
        self._total += 1
        self._failed += failed
        self.look()

    def look(self) -> None:
        """Forgets what is older than the window, and starts or ends the alert."""
        oldest = self._clock.monotonic() - self._options.window
        while self._seconds and self._seconds[0][0] < oldest:
            _, total, failed = self._seconds.popleft()
            self._total -= total
            self._failed -= failed
        self._metrics.error_rate.set(self.rate)
        enough = self._total >= self._options.minimum
        fires = enough and self.rate > self._options.threshold
        if fires and self.firing_since is None:
            self.firing_since = self._clock.now()
            self._metrics.alert.set(1)
            self._say("firing", self.firing_since)
        elif not fires and self.firing_since is not None:
            since, self.firing_since = self.firing_since, None
            self._metrics.alert.set(0)
            self._say("resolved", since)

    async def start(self) -> None:
        """Looks every second, so that an alert ends without traffic too."""
        self._task = asyncio.create_task(self._keep_looking(), name="esmap alert")

    async def stop(self) -> None:
        """Looks no more."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def _say(self, state: str, since: datetime) -> None:
        message = {
            "alert": "error-rate",
            "service": "ESMAP AI Models",
            "state": state,
            "error_rate": round(self.rate, 4),
            "threshold": self._options.threshold,
            "window_seconds": self._options.window,
            "inferences": self._total,
            "failed": self._failed,
            "since": timestamp(since),
            "timestamp": timestamp(self._clock.now()),
        }
        write = log.error if state == "firing" else log.info
        write("error-rate alert", **{k: v for k, v in message.items() if k != "alert"})
        self._tell(message)

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
