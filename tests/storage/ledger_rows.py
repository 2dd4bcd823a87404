"""Rows for the tests of the ledger."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from fogbank.storage.ledger_row import LedgerRow

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
ROW = LedgerRow(
    id="process-1",
    request_id="a-request",
    at=NOON,
    account="0123456789abcdef0123456789abcdef",
    key="a key",
    dialect="workers_ai",
    kind="live",
    model="@cf/test/instruct",
    task="Text Generation",
    engine="text",
    served_by=None,
    streamed=True,
    outcome="ok",
    prompt_tokens=10,
    cached_tokens=4,
    completion_tokens=20,
    audio_seconds=1.5,
    images=1,
    neurons=0.25,
    price_date=date(2026, 8, 28),
    seconds=0.75,
    first_seconds=0.125,
)


def row(number: int = 1, **changed: Any) -> LedgerRow:
    """ROW with an id of its own."""
    return replace(ROW, id=f"process-{number}", **changed)
