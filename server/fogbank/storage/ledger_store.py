"""Where the ledger's rows end up: SQLite unless a URL names a PostgreSQL. Both behave alike."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from fogbank.storage.ledger_row import LedgerRow


class LedgerUnavailable(OSError):
    """The ledger's database cannot be used now. The message has no password."""


class RowsRefused(LedgerUnavailable):
    """The database can be used, but not for these rows: a later try would do no better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerTotal:
    """The sums of one UTC day, account, key and model. `unpriced` requests are in no `neurons`."""

    day: date
    account: str | None
    key: str | None
    model: str
    requests: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    audio_seconds: float
    images: int
    neurons: float
    unpriced: int


class LedgerStore(Protocol):
    """An open database, used by one thread. Every method raises LedgerUnavailable."""

    def insert(self, rows: Sequence[LedgerRow]) -> None:
        """Stores the rows, all or none; those whose id is there already are left as they are.

        Raises RowsRefused where one of them has a value that no column takes.
        """

    def records(self, since: datetime, until: datetime) -> Iterator[LedgerRow]:
        """Rows with since <= at < until, oldest first."""

    def totals(self, since: datetime, until: datetime) -> list[LedgerTotal]:
        """Sums of the same rows, by day, account, key and model, in that order."""

    def close(self) -> None:
        """Ends the connection."""


def sorted_totals(totals: Iterable[LedgerTotal]) -> list[LedgerTotal]:
    """In the order of `LedgerStore.totals`, which databases would see differently."""
    return sorted(
        totals, key=lambda each: (each.day, each.account or "", each.key or "", each.model)
    )


@dataclass(frozen=True, slots=True)
class Span:
    """An interval as a database that keeps sums of days reads it.

    The days `first` <= day < `last` are whole; `edges` are what is left of the others, each with
    since <= at < until.
    """

    first: date
    last: date
    edges: tuple[tuple[datetime, datetime], ...]


def span(since: datetime, until: datetime) -> Span:
    """The whole UTC days in an interval, and its edges."""
    since, until = since.astimezone(UTC), until.astimezone(UTC)
    first = since.date() if since == _midnight(since.date()) else since.date() + timedelta(days=1)
    last = until.date()
    if first >= last:
        edges = [(since, until)]
        if since.date() < last:  # two days, neither whole
            edges = [(since, _midnight(last)), (_midnight(last), until)]
        return Span(last, last, tuple(edge for edge in edges if edge[0] < edge[1]))
    edges = [(since, _midnight(first)), (_midnight(last), until)]
    return Span(first, last, tuple(edge for edge in edges if edge[0] < edge[1]))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def journal_folder(data_dir: Path, url: str | None) -> Path:
    """Where rows wait for the database: each has a folder, so that neither gets the other's."""
    return data_dir / ("ledger" if url is None else "ledger-postgresql")


def store_opener(data_dir: Path, url: str | None) -> Callable[[], LedgerStore]:
    """What opens the database: the one of `url`, else `ledger.db` in the data directory.

    It is made and migrated where needed. Raises LedgerUnavailable at once where no later try could
    do better: without psycopg, or for a URL that is none.
    """
    if url is None:
        from fogbank.storage.ledger_sqlite import SqliteLedger

        return partial(SqliteLedger, data_dir / "ledger.db")
    try:
        from fogbank.storage.ledger_postgres import PostgresLedger, connection_options
    except ImportError:
        raise LedgerUnavailable(
            "a ledger in PostgreSQL needs psycopg:  pip install 'fogbank[postgres]'"
        ) from None
    return partial(PostgresLedger, connection_options(url))
