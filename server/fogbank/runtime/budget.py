"""A budget for what the traffic would cost on Workers AI: it warns, and refuses nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime

import structlog
from prometheus_client.metrics_core import GaugeMetricFamily, Metric

from fogbank.clock import Clock
from fogbank.cost.prices import PriceTable
from fogbank.storage.ledger_store import LedgerStore

THRESHOLDS = (0.8, 1.0)
"""Shares of the budget at which a warning is logged, each once a month."""

log = structlog.get_logger("fogbank.cost")


class Budget:
    """Dollars of this UTC month, each day's free neurons taken off, as Cloudflare bills an account.

    What this process served is counted here, what was served before it began is asked of the
    ledger as soon as that can be used.
    """

    def __init__(self, usd: float, prices: PriceTable, clock: Clock) -> None:
        self.usd = usd
        self._prices = prices
        self._clock = clock
        self._began = clock.now()
        self._month = self._began.date().replace(day=1)
        self._days: dict[date, float] = {}
        self._before: dict[date, float] | None = None
        self._warned = 0.0

    def read(self, store: LedgerStore) -> None:
        """Adds what earlier processes wrote down this month; once."""
        if self._before is None:
            first = self._began.date().replace(day=1)
            midnight = datetime(first.year, first.month, first.day, tzinfo=UTC)
            before: defaultdict[date, float] = defaultdict(float)
            for total in store.totals(midnight, self._began):
                before[total.day] += total.neurons
            self._before = dict(before)  # at once: this is the ledger's thread

    def spend(self, neurons: float) -> None:
        """Counts a request that has ended."""
        today = self._clock.now().date()
        if today.replace(day=1) != self._month:
            self._month = today.replace(day=1)
            self._days = {}
            self._warned = 0.0
        self._days[today] = self._days.get(today, 0.0) + neurons
        self._warn()

    @property
    def spent(self) -> float:
        """Dollars of this month."""
        days = dict(self._days)
        for day, neurons in (self._before or {}).items():
            if day >= self._month:
                days[day] = days.get(day, 0.0) + neurons
        free = self._prices.free_neurons_per_day
        return self._prices.usd(sum(max(0.0, neurons - free) for neurons in days.values()))

    def _warn(self) -> None:
        spent = self.spent
        passed = max((share for share in THRESHOLDS if spent >= share * self.usd), default=0.0)
        if passed > self._warned:
            self._warned = passed
            log.warning(
                "the month's budget is used up" if passed >= 1 else "the month's budget runs out",
                share=round(spent / self.usd, 3),
                cloud_usd=round(spent, 4),
                budget_usd=self.usd,
                month=f"{self._month:%Y-%m}",
            )


def budget_metrics(budget: Budget) -> Callable[[], Iterable[Metric]]:
    """`fogbank_cloud_budget_share`, asked for at each scrape."""

    def collect() -> Iterable[Metric]:
        text = "Of this month's budget, by Cloudflare's bill; above 1 it is used up."
        yield GaugeMetricFamily("fogbank_cloud_budget_share", text, budget.spent / budget.usd)

    return collect
