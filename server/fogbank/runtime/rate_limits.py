"""Rate limits: requests a minute of one key (or account) for one task, in a moving window.

The figures are Cloudflare's (contract 8), kept as data: `model_configs/rate_limits.yaml` for tasks,
the card for models with a limit of their own. What a server restarts with is an empty window.
"""

import math
from collections import deque
from collections.abc import Mapping
from pathlib import Path

from fogbank.catalog.card import Card
from fogbank.catalog.document import read_document
from fogbank.catalog.mistakes import CatalogError
from fogbank.clock import Clock

WINDOW = 60.0
MAX_WINDOWS = 4096
"""Windows kept before those in which nothing happened for a minute are dropped; then twice as many
as were left, so that a crowd of keys costs each of them little."""


class RateLimits:
    """`per_minute` by task; a task that is not in it has no limit."""

    def __init__(self, per_minute: Mapping[str, int], clock: Clock) -> None:
        self._per_minute = dict(per_minute)
        self._now = clock.monotonic
        self._windows: dict[tuple[str, str], deque[float]] = {}
        self._room = MAX_WINDOWS

    def wait(self, card: Card, who: str) -> int:
        """0 lets the request pass and counts it; else the whole seconds until one may come."""
        limit = card.requests_per_minute or self._per_minute.get(card.task)
        if limit is None:
            return 0
        now = self._now()
        window = self._windows.get(key := (who, self._name(card)))
        if window is None:
            self._forget(now)
            window = self._windows[key] = deque(maxlen=limit)
        if len(window) == limit and (left := window[0] + WINDOW - now) > 0:
            return math.ceil(left)
        window.append(now)
        return 0

    def _name(self, card: Card) -> str:
        return card.name if card.requests_per_minute else card.task

    def _forget(self, now: float) -> None:
        if len(self._windows) < self._room:
            return
        self._windows = {
            key: window for key, window in self._windows.items() if window[-1] > now - WINDOW
        }
        self._room = max(MAX_WINDOWS, 2 * len(self._windows))


def load_rates(package_data: Path, changes: Mapping[str, int]) -> dict[str, int]:
    """Requests per minute by task: the packaged figures, with `changes` over them."""
    document = read_document(package_data / "rate_limits.yaml")
    if document.mistakes:
        raise CatalogError(document.mistakes)
    return {**document.data, **changes}
