"""From when on: the words that commands and the server's address take."""

import re
from datetime import UTC, datetime, timedelta

AGO = re.compile(r"([0-9]{1,4})([hd])")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T.+)?")


def moment(text: str, now: datetime) -> datetime:
    """Hours or days back from now (12h, 30d), a UTC date, or a date and time by ISO 8601.

    A time without an offset is UTC. Raises ValueError, which says what is expected.
    """
    if ago := AGO.fullmatch(text):
        count = int(ago[1])
        return now - (timedelta(hours=count) if ago[2] == "h" else timedelta(days=count))
    try:
        if not DATE.fullmatch(text):
            raise ValueError
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        expected = "expected hours or days such as 12h or 7d, or a date: 2026-11-01"
        raise ValueError(f"{text!r}: {expected}") from None


def instant(at: datetime) -> str:
    """The same instant as `moment` reads it."""
    return at.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
