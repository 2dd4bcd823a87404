"""How long things took in this process: the newest of each name, their mean and percentiles."""

from bisect import bisect_left, insort
from collections import deque
from math import ceil

KEPT = 1000


class Durations:
    """The newest KEPT durations of one name, in milliseconds."""

    def __init__(self, kept: int = KEPT) -> None:
        self._newest: deque[float] = deque(maxlen=kept)
        self._sorted: list[float] = []
        self._sum = 0.0

    def add(self, milliseconds: float) -> None:
        """Keeps one; the oldest goes where all places are taken."""
        if len(self._newest) == self._newest.maxlen:
            oldest = self._newest[0]
            del self._sorted[bisect_left(self._sorted, oldest)]
            self._sum -= oldest
        self._newest.append(milliseconds)
        insort(self._sorted, milliseconds)
        self._sum += milliseconds

    def __len__(self) -> int:
        return len(self._newest)

    @property
    def average(self) -> float:
        """The mean; 0 without any."""
        return self._sum / len(self._newest) if self._newest else 0.0

    def percentile(self, share: float) -> float:
        """The nearest rank: the smallest that so many are not above; 0 without any."""
        if not self._sorted:
            return 0.0
        return self._sorted[max(ceil(share * len(self._sorted)), 1) - 1]

    def summary(self) -> dict[str, float]:
        """`{count, average, min, max, p50, p95, p99}`, milliseconds to the microsecond."""
        if not self._sorted:
            return dict.fromkeys(("count", "average", "min", "max", "p50", "p95", "p99"), 0)
        return {
            "count": len(self._newest),
            "average": round(self.average, 3),
            "min": round(self._sorted[0], 3),
            "max": round(self._sorted[-1], 3),
            "p50": round(self.percentile(0.5), 3),
            "p95": round(self.percentile(0.95), 3),
            "p99": round(self.percentile(0.99), 3),
        }


class Statistics:
    """`performance` of the answers: what this one took, and what those before it took."""

    def __init__(self) -> None:
        self._durations: dict[str, Durations] = {}

    def performance(self, **timings: float) -> dict[str, dict[str, object]]:
        """Keeps these durations (milliseconds by name); they and their names' statistics."""
        for name, took in timings.items():
            self._durations.setdefault(name, Durations()).add(took)
        return {
            "timings": {name: round(took, 3) for name, took in timings.items()},
            "statistics": {name: self._durations[name].summary() for name in timings},
        }

    def of(self, name: str) -> Durations:
        """The durations of a name."""
        return self._durations.get(name) or Durations()
