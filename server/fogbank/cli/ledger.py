"""The ledger as commands read it."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta

from fogbank.cli.common import fail
from fogbank.settings import Settings
from fogbank.storage.ledger import store_segments
from fogbank.storage.ledger_store import LedgerStore, journal_folder, store_opener

AGO = re.compile(r"([0-9]{1,4})([hd])")


@contextmanager
def opened_ledger(config: Settings) -> Iterator[LedgerStore]:
    """The database, with what a server that was killed left in the journal."""
    url = config.ledger_url.get_secret_value() if config.ledger_url else None
    with closing(store_opener(config.data_dir, url)()) as store:
        store_segments(journal_folder(config.data_dir, url), store)
        yield store


def moment(text: str, now: datetime) -> datetime:
    """What `--since` means: hours or days back from now, or a UTC date. Else the command ends."""
    if ago := AGO.fullmatch(text):
        count = int(ago[1])
        return now - (timedelta(hours=count) if ago[2] == "h" else timedelta(days=count))
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        fail(f"--since {text!r}: expected hours or days such as 12h or 7d, or a date: 2026-11-01")
