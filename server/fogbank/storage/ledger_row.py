"""A row of the ledger: one request that reached an engine."""

from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRow:
    """What was asked, what it used, what it would have cost.

    `id` names the row and makes a replay harmless; one `request_id` may have several rows, where
    a gateway tried again or a request asked for several answers. `at` is when the request ended,
    in UTC. `kind` is live or batch, `outcome` as in the metric `fogbank_requests`. `neurons` is
    None for a model without a price on `price_date`. Times are in seconds. `from_cache`: a
    gateway's cache answered.
    """

    id: str
    request_id: str
    at: datetime
    account: str | None
    key: str | None
    dialect: str
    kind: str
    model: str
    task: str
    engine: str
    served_by: str | None
    streamed: bool
    outcome: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    audio_seconds: float
    images: int
    neurons: float | None
    price_date: date | None
    seconds: float
    first_seconds: float | None
    from_cache: bool = False

    def line(self) -> bytes:
        """The row as a line of the journal."""
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)


_NAMES = frozenset(field.name for field in fields(LedgerRow))


def parse_line(line: bytes) -> LedgerRow:
    """A line of the journal. Raises ValueError for one that was not written to its end."""
    try:
        data = orjson.loads(line)
        known = {name: value for name, value in data.items() if name in _NAMES}
        return ledger_row(known)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"not a row: {error}") from None


def ledger_row(data: dict[str, Any]) -> LedgerRow:
    """A row from its columns, in the types of JSON or of a database."""
    at, day = data["at"], data["price_date"]
    data["at"] = at if isinstance(at, datetime) else datetime.fromisoformat(at)
    data["price_date"] = date.fromisoformat(day) if isinstance(day, str) else day
    for name in ("streamed", "from_cache"):
        data[name] = bool(data.get(name))
    return LedgerRow(**data)
