"""The ledger as commands read it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

from fogbank.cli.common import fail
from fogbank.cost import period
from fogbank.settings import Settings
from fogbank.storage.ledger import store_segments
from fogbank.storage.ledger_store import LedgerStore, journal_folder, store_opener


@contextmanager
def opened_ledger(config: Settings) -> Iterator[LedgerStore]:
    """The database, with what a server that was killed left in the journal."""
    url = config.ledger_url.get_secret_value() if config.ledger_url else None
    with closing(store_opener(config.data_dir, url)()) as store:
        store_segments(journal_folder(config.data_dir, url), store)
        yield store


def moment(text: str, now: datetime, flag: str = "--since") -> datetime:
    """What the flag's text means (`cost.period`). Else the command ends."""
    try:
        return period.moment(text, now)
    except ValueError as error:
        fail(f"{flag} {error}")
