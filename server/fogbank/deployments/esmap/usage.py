"""GET /metrics of the old service, with real figures: of the history's newest window."""

from datetime import timedelta
from typing import Any

from fogbank.clock import Clock
from fogbank.deployments.esmap.active import Active
from fogbank.deployments.esmap.history import Window, window
from fogbank.deployments.esmap.statistics import Statistics
from fogbank.deployments.web import timestamp
from fogbank.storage.sql import Database, SqlUnavailable


class UsageReport:
    """Counts what every server on the same database did; `window` is in seconds.

    `inference` and `errors` are those of the window: latencies of computed successes, `rate` the
    failures among the computed. `models.total_invocations` counts the whole history. Without a
    database the latencies are the newest of this process, and the counts are what it knows.
    """

    def __init__(
        self,
        active: Active,
        database: Database,
        statistics: Statistics,
        window: float,
        clock: Clock,
    ) -> None:
        self._active = active
        self._database = database
        self._statistics = statistics
        self._window = window
        self._clock = clock

    async def report(self) -> dict[str, Any]:
        """The body of the answer."""
        now = self._clock.now()
        try:
            found = await self._database.run(window, now - timedelta(seconds=self._window))
            source = "database"
        except SqlUnavailable:
            found, source = self._own(), "process"
        computed = found.total - found.cached
        return {
            "timestamp": timestamp(now),
            "inference": {
                "total_requests": found.total,
                "cached_requests": found.cached,
                "average_latency_ms": round(found.average, 3),
                "p95_latency_ms": round(found.p95, 3),
                "p99_latency_ms": round(found.p99, 3),
            },
            "models": {
                "active": sum(1 for _ in self._active),
                "total_invocations": found.ever,
            },
            "errors": {
                "total": found.failed,
                "rate": round(found.failed / computed, 6) if computed else 0,
            },
            "window": {"seconds": self._window, "source": source},
        }

    def _own(self) -> Window:
        computed, whole = self._statistics.of("inference"), self._statistics.of("total_request")
        return Window(
            total=len(whole),
            cached=max(len(whole) - len(computed), 0),
            failed=0,
            average=computed.average,
            p95=computed.percentile(0.95),
            p99=computed.percentile(0.99),
            ever=len(whole),
        )
