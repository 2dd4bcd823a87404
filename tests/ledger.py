"""Prices for the models of `tests.server`, and what a data directory's ledger holds."""

from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from fogbank.cost.prices import ModelPrice, PriceTable
from fogbank.storage.journal import SUFFIX
from fogbank.storage.ledger_row import LedgerRow, parse_line
from fogbank.storage.ledger_store import journal_folder, store_opener
from tests.server import CHAT, EMBED, SPEECH, STAND_IN, TEXT

EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


def _tokens(**neurons: float) -> ModelPrice:
    usd = {rate: price * 0.011 / 1000 for rate, price in neurons.items()}
    return ModelPrice(task="a task", unit="M tokens", neurons=neurons, usd=usd)


PRICES = PriceTable(
    date=date(2026, 8, 28),
    sources=("a test",),
    usd_per_1000_neurons=0.011,
    free_neurons_per_day=10_000,
    models={
        TEXT: _tokens(input=1_000_000, output=2_000_000, cached_input=500_000),
        CHAT: _tokens(input=1_000_000, output=2_000_000),
        STAND_IN: _tokens(input=10_000_000, output=20_000_000),
        EMBED: _tokens(input=6058),
        SPEECH: ModelPrice(
            task="a task", unit="audio minute", neurons={"input": 41.14}, usd={"input": 0.0005}
        ),
    },
)
"""A token of TEXT costs 1 neuron in the prompt, 2 in the answer."""


def recorded(data_dir: Path, url: str | None = None) -> list[LedgerRow]:
    """Every row, in the journal or in the database, each once, oldest first."""
    waiting = [path.read_bytes() for path in journal_folder(data_dir, url).glob(f"*{SUFFIX}")]
    with closing(store_opener(data_dir, url)()) as store:  # second: rows move from there to here
        rows = {row.id: row for row in store.records(*EVER)}
    for lines in waiting:
        rows |= {row.id: row for row in map(parse_line, lines.splitlines())}
    return sorted(rows.values(), key=lambda row: row.at)
