"""The meter of a server: neurons by the price table, the daily allocation, the ledger.

What a request owes: an answer its whole usage; a cancelled one what was used until then, as far
as the engine had told; an error nothing. A stand-in is priced as the model it stands in for.
"""

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, time, timedelta
from itertools import count
from math import ceil
from secrets import token_hex

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.clock import Clock
from fogbank.cost.prices import PriceTable
from fogbank.errors import AIError
from fogbank.runtime.budget import Budget
from fogbank.runtime.context import Context
from fogbank.runtime.meter import Record
from fogbank.storage.ledger import Ledger
from fogbank.storage.ledger_row import LedgerRow
from fogbank.storage.ledger_store import LedgerStore
from fogbank.tasks import Usage
from fogbank.telemetry.metrics import Metrics


class Allocation:
    """Neurons that each tenant may use per UTC day, counted when a request has ended.

    So the requests that are computed when the limit is passed are served. A tenant is a key; where
    no key is asked for, an account id, "" without one. What this process served is counted here,
    what was served before it began is asked of the ledger as soon as that can be used.
    """

    def __init__(self, daily_neurons: float, clock: Clock, *, retry_after: bool = True) -> None:
        self._limit = daily_neurons
        self._clock = clock
        self._retry_after = retry_after
        self._began = clock.now()
        self._day = self._began.date()
        self._spent: defaultdict[str, float] = defaultdict(float)
        self._before: dict[str, float] | None = None

    def read(self, store: LedgerStore) -> None:
        """Adds what earlier processes wrote down today; once."""
        if self._before is None:
            midnight = datetime.combine(self._began.date(), time(), UTC)
            before: defaultdict[str, float] = defaultdict(float)
            for total in store.totals(midnight, self._began):
                before[total.key or total.account or ""] += total.neurons
            self._before = dict(before)

    def admit(self, tenant: str) -> None:
        """Raises AIError 4006 once the tenant's neurons of today are used up."""
        if self.spent(tenant) >= self._limit:
            tomorrow = datetime.combine(self._day, time(), UTC) + timedelta(days=1)
            wait = max(1, ceil((tomorrow - self._clock.now()).total_seconds()))
            raise AIError(errors.ALLOCATION, retry_after=wait if self._retry_after else None)

    def spend(self, tenant: str, neurons: float) -> None:
        """Counts a request that has ended."""
        self._turn()
        self._spent[tenant] += neurons

    def spent(self, tenant: str) -> float:
        """The tenant's neurons of today."""
        self._turn()
        before = self._before or {}
        if self._day == self._began.date():
            return self._spent.get(tenant, 0.0) + before.get(tenant, 0.0)
        return self._spent.get(tenant, 0.0)

    def _turn(self) -> None:
        today = self._clock.now().date()
        if today != self._day:
            self._day = today
            self._spent.clear()


class LedgerMeter:
    """A `Meter` that writes every request into the ledger. Started before the engines."""

    def __init__(
        self,
        prices: PriceTable,
        ledger: Ledger,
        metrics: Metrics,
        clock: Clock,
        allocation: Allocation | None = None,
        budget: Budget | None = None,
    ) -> None:
        self.budget = budget
        self.prices = prices
        self._ledger = ledger
        self._metrics = metrics
        self._clock = clock
        self._allocation = allocation
        self._process = token_hex(6)
        self._numbers = count(1)

    def open_store(self) -> LedgerStore:
        """The ledger's database once more, for one thread. Raises LedgerUnavailable."""
        return self._ledger.open_store()

    async def start(self) -> None:
        """Stores what an earlier process left behind."""
        await asyncio.to_thread(self._ledger.start)

    async def stop(self) -> None:
        """Stores the last rows."""
        await asyncio.to_thread(self._ledger.stop)

    def admit(self, context: Context) -> None:
        """Raises AIError when the tenant's daily allocation is used up."""
        if self._allocation is not None:
            self._allocation.admit(_tenant(context))

    def neurons(self, card: Card, usage: Usage) -> float | None:
        """What this would have cost; None for a model that the price table lacks."""
        return self.prices.neurons(card, usage)

    def record(self, record: Record) -> None:
        """Writes a finished request down, whatever its outcome; on the event loop."""
        card, context, usage = record.card, record.context, record.usage
        neurons = self.prices.neurons(card, usage)
        if neurons is not None and record.outcome not in ("ok", "cancelled"):
            neurons = 0.0
        self._ledger.record(
            LedgerRow(
                id=f"{self._process}-{next(self._numbers)}",
                request_id=context.request_id,
                at=self._clock.now(),
                account=_account(context),
                key=context.key,
                dialect=context.dialect,
                kind="batch" if context.low_priority else "live",
                model=card.name,
                task=card.task,
                engine=record.engine,
                served_by=record.served_by,
                streamed=record.streamed,
                outcome=record.outcome,
                prompt_tokens=usage.prompt_tokens,
                cached_tokens=usage.cached_tokens,
                completion_tokens=usage.completion_tokens,
                audio_seconds=usage.audio_seconds,
                images=usage.images,
                neurons=neurons,
                price_date=self.prices.date,
                seconds=record.seconds,
                first_seconds=record.first_seconds,
            )
        )
        if neurons:
            self._metrics.spent(card.name, neurons, self.prices.usd(neurons))
            if self.budget is not None:
                self.budget.spend(neurons)
            if self._allocation is not None:
                self._allocation.spend(_tenant(context), neurons)


def _account(context: Context) -> str | None:
    return context.account and context.account.lower()


def _tenant(context: Context) -> str:
    return context.key or _account(context) or ""
