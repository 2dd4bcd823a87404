"""The one clock. Everything that asks for the time asks here, so that a test can turn it."""

import time
from datetime import UTC, datetime


class Clock:
    """Wall and monotonic time of this machine."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start, never going back; for deadlines and durations."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day in UTC, timezone-aware."""
        return datetime.now(UTC)


class TurnedClock(Clock):
    """A clock that stands still until a test turns it."""

    def __init__(self, start: datetime = datetime(2026, 11, 21, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed = 0.0

    def monotonic(self) -> float:
        return self._elapsed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._start.timestamp() + self._elapsed, UTC)

    def turn(self, seconds: float) -> None:
        """Moves both times forward."""
        self._elapsed += seconds
