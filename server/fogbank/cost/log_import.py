"""Logs that people have, as the uses of days that a bill is made of."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any

from fogbank.cost.bill import SUMMED, DayUse
from fogbank.cost.log_columns import Columns, find_columns
from fogbank.cost.log_rows import LogRow
from fogbank.tasks import Usage

Price = Callable[[str, Usage], float | None]
FALSE = frozenset({"", "0", "false", "no", "f", "n"})
MILLISECONDS = 1e11
"""Unix times beyond this are in milliseconds."""


@dataclass(slots=True)
class Imported:
    """`bad` are (line, what is wrong) of rows that are in no sum."""

    uses: dict[tuple[date, str, str | None], DayUse] = field(default_factory=dict)
    bad: list[tuple[int, str]] = field(default_factory=list)
    rows: int = 0
    cached: int = 0
    failed: int = 0

    def add(self, use: DayUse) -> None:
        """Adds to the sums of its day, model and key."""
        name = (use.day, use.model, use.key)
        before = self.uses.get(name)
        if before is not None:
            sums = {each: getattr(before, each) + getattr(use, each) for each in SUMMED}
            use = replace(use, **sums)
        self.uses[name] = use


def import_rows(
    rows: Iterable[LogRow],
    price: Price,
    *,
    said: Mapping[str, str] | None = None,
    models: Mapping[str, str] | None = None,
    day: date | None = None,
    recorded: bool = True,
) -> Imported:
    """Sums of the rows. Raises UnknownColumns for a log that cannot be understood.

    `said` names columns, `models` says what a model of the log counts as, `day` is that of rows
    without a time. `recorded` takes neurons that the log has; `price` gives those of all others,
    None for a model without a price. What a gateway's cache answered and what failed costs nothing.
    """
    told = Imported()
    columns: Columns | None = None
    for row in rows:
        told.rows += 1
        if row.error:
            told.bad.append((row.line, row.error))
            continue
        if columns is None or not _fits(columns, row):
            columns = find_columns(row.values, said or {})
        try:
            use = _use(row.values, columns, models or {}, day)
            if _true(_value(row.values, columns, "from_cache", False)):
                told.cached += use.requests
                use = _free(use)
            elif not _true(_value(row.values, columns, "success", True)):
                told.failed += use.requests
                use = _free(use)
            else:
                use = _priced(use, row.values, columns, price, recorded)
        except ValueError as error:
            told.bad.append((row.line, str(error)))
        else:
            told.add(use)
    return told


def _free(use: DayUse) -> DayUse:
    return replace(use, prompt_tokens=0, completion_tokens=0, cached_tokens=0)


def _fits(columns: Columns, row: LogRow) -> bool:
    return all(name in row.values for name in columns.names.values())


def _use(
    values: Mapping[str, Any], columns: Columns, models: Mapping[str, str], day: date | None
) -> DayUse:
    model = str(_value(values, columns, "model", "") or "").strip()
    if not model:
        raise ValueError("names no model")
    counts = {
        name: _count(values, columns, name)
        for name in ("prompt_tokens", "completion_tokens", "cached_tokens", "images")
    }
    if counts["cached_tokens"] > counts["prompt_tokens"]:
        raise ValueError("has more cached tokens than prompt tokens")
    key = _value(values, columns, "key", None)
    return DayUse(
        day=_day(values, columns, day),
        model=models.get(model, model.removeprefix("workers-ai/")),
        key=None if key in (None, "") else str(key),
        requests=_count(values, columns, "requests", 1),
        audio_seconds=_number(values, columns, "audio_seconds"),
        **counts,
    )


def _priced(
    use: DayUse, values: Mapping[str, Any], columns: Columns, price: Price, recorded: bool
) -> DayUse:
    if recorded and "neurons" in columns and _value(values, columns, "neurons", None) is not None:
        return replace(use, neurons=_number(values, columns, "neurons"))
    usage = Usage(
        use.prompt_tokens, use.completion_tokens, use.cached_tokens, use.audio_seconds, use.images
    )
    neurons = price(use.model, usage)
    return replace(use, neurons=neurons or 0.0, unpriced=0 if neurons is not None else use.requests)


def _value(values: Mapping[str, Any], columns: Columns, name: str, otherwise: Any) -> Any:
    found = values.get(columns.names.get(name, ""), otherwise)
    return otherwise if found is None or found == "" else found


def _number(values: Mapping[str, Any], columns: Columns, name: str, otherwise: float = 0) -> float:
    found = _value(values, columns, name, otherwise)
    try:
        number = float(found)
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(found, bool) or not math.isfinite(number) or number < 0:
        raise ValueError(f"{columns.names[name]}: {str(found)[:40]!r} is no number from 0 up")
    return number


def _count(values: Mapping[str, Any], columns: Columns, name: str, otherwise: int = 0) -> int:
    number = _number(values, columns, name, otherwise)
    if number != int(number):
        raise ValueError(f"{columns.names[name]}: {number} is no whole number")
    return int(number)


def _day(values: Mapping[str, Any], columns: Columns, day: date | None) -> date:
    found = _value(values, columns, "at", None)
    if found is None:
        if day is None:
            raise ValueError("has no time; --day gives it one, --column at=NAME says where it is")
        return day
    try:
        number = float(found)
    except (TypeError, ValueError):
        return _written(str(found), columns.names["at"])
    try:
        seconds = number / 1000 if number > MILLISECONDS else number
        return datetime.fromtimestamp(seconds, UTC).date()
    except (OverflowError, ValueError, OSError):
        raise ValueError(f"{columns.names['at']}: {found} is no time") from None


def _written(text: str, name: str) -> date:
    try:
        moment = datetime.fromisoformat(text.strip().replace(" UTC", "+00:00"))
    except ValueError:
        raise ValueError(f"{name}: {text[:40]!r} is no time such as 2026-11-28T08:15:30Z") from None
    return (moment if moment.tzinfo is None else moment.astimezone(UTC)).date()


def _true(value: Any) -> bool:
    return str(value).strip().lower() not in FALSE
