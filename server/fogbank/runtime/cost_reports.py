"""The report of what it costs, made by a running server from its ledger."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from fogbank.catalog.catalog import Catalog
from fogbank.clock import Clock
from fogbank.cost.bill import DayUse
from fogbank.cost.hardware import Hardware, load_hardware
from fogbank.cost.period import moment
from fogbank.cost.prices import PriceBook, PriceTable
from fogbank.cost.report import as_json, make_report
from fogbank.runtime.budget import Budget
from fogbank.storage.ledger import PAUSE
from fogbank.storage.ledger_store import LedgerStore, LedgerTotal

KEPT_SECONDS = 2.0
"""How long an answer is given again: making it takes a processor about 0.1 s."""
KEPT = 16


class WrongQuestion(ValueError):
    """It has no answer; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was typed."""

    since: str = "30d"
    hardware: str | None = None
    prices: str | None = None


class CostReports:
    """Reports by what was asked, one made at a time, in a thread.

    `folders` have the hardware's files: the packaged ones, then the operator's own.
    """

    def __init__(
        self,
        book: PriceBook,
        catalog: Catalog,
        open_store: Callable[[], LedgerStore],
        folders: tuple[Path, Path],
        clock: Clock,
        budget: Budget | None = None,
    ) -> None:
        self._book = book
        self._catalog = catalog
        self._open_store = open_store
        self._folders = folders
        self._clock = clock
        self._budget = budget
        self._made: dict[Asked, tuple[float, dict[str, Any]]] = {}
        self._turn = asyncio.Lock()

    async def told(self, asked: Asked) -> dict[str, Any]:
        """The report as JSON, with `budget` (null without one) and `lag_seconds`.

        What ended in the last `lag_seconds` may not be in it yet. Raises WrongQuestion,
        CatalogError for mistakes in the hardware's files, LedgerUnavailable.
        """
        async with self._turn:
            made_at, report = self._made.get(asked, (0.0, {}))
            if not report or self._clock.monotonic() - made_at > KEPT_SECONDS:
                report = await asyncio.to_thread(self._make, asked)
                self._made.pop(asked, None)
                self._made[asked] = (self._clock.monotonic(), report)
                while len(self._made) > KEPT:
                    del self._made[next(iter(self._made))]
        return {**report, "budget": self._spent(), "lag_seconds": PAUSE + KEPT_SECONDS}

    async def page(self, asked: Asked) -> str:
        """The same for a browser. Raises as `told` does."""
        from fogbank.cost.page import page

        return await asyncio.to_thread(page, await self.told(asked))

    def _make(self, asked: Asked) -> dict[str, Any]:
        now = self._clock.now()
        since = _since(asked.since, now)
        table = self._table(asked.prices)
        machine = self._machine(asked.hardware)
        with closing(self._open_store()) as store:
            totals = store.totals(since, now)
        report = make_report(
            day_uses(totals),
            since,
            now,
            table,
            self._catalog.resolve,
            again=asked.prices is not None,
            hardware=machine,
        )
        return as_json(report)

    def _table(self, asked: str | None) -> PriceTable:
        if asked is None:
            return self._book.newest
        try:
            return self._book.of(date.fromisoformat(asked))
        except ValueError:
            raise WrongQuestion(f"prices {asked!r}: expected a date such as 2026-08-28") from None
        except LookupError as error:
            raise WrongQuestion(f"prices: {error}") from None

    def _machine(self, asked: str | None) -> Hardware | None:
        if asked is None:
            return None
        found = load_hardware(*self._folders)
        if asked not in found:
            raise WrongQuestion(f"no hardware {asked!r}; there is: {', '.join(found)}")
        return found[asked]

    def _spent(self) -> dict[str, float] | None:
        if self._budget is None:
            return None
        spent, usd = self._budget.spent, self._budget.usd
        return {"spent": spent, "usd": usd, "share": spent / usd}


def _since(text: str, now: datetime) -> datetime:
    try:
        since = moment(text, now)
    except ValueError as error:
        raise WrongQuestion(f"since {error}") from None
    if since >= now:
        raise WrongQuestion(f"since {text!r}: lies in the future")
    return since


def day_uses(totals: list[LedgerTotal]) -> list[DayUse]:
    """The ledger's sums, all accounts together."""
    return [DayUse(**{name: getattr(total, name) for name in DayUse.__slots__}) for total in totals]
