"""What the engine's scheduler says of itself after every step, and how often a stream may speak."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

QUIET = 8
BUSY = 16
INTERVAL_BUSY = 4
INTERVAL_FULL = 8
LONGEST_GAP = 0.1
"""Seconds between two pieces of a stream that the interval may cause, at most."""

_SMOOTHING = 0.2
_PAUSE = 1.0


@dataclass(frozen=True, slots=True)
class EngineStats:
    """The engine's own counts: `running` and `waiting` requests, the share of the KV cache in use
    (0 to 1), and the tokens looked up and found in the prefix cache since the start.
    """

    running: int = 0
    waiting: int = 0
    kv_cache_usage: float = 0.0
    prefix_cache_queries: int = 0
    prefix_cache_hits: int = 0


class SchedulerBoard:
    """Keeps the last statistics of each scheduler (one per data-parallel rank).

    Called once per engine step, on the event loop: it copies five numbers and does nothing else.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._running: dict[int, int] = {}
        self._waiting: dict[int, int] = {}
        self._usage: dict[int, float] = {}
        self._queries = 0
        self._hits = 0
        self._last = 0.0
        self._step = 0.0

    def record(self, stats: Any, engine: int) -> None:
        """`stats` is vLLM's SchedulerStats, None in a step that had none."""
        if stats is None:
            return
        self._running[engine] = stats.num_running_reqs
        self._waiting[engine] = stats.num_waiting_reqs + getattr(
            stats, "num_skipped_waiting_reqs", 0
        )
        self._usage[engine] = stats.kv_cache_usage
        prefix = stats.prefix_cache_stats
        if prefix is not None:
            self._queries += prefix.queries
            self._hits += prefix.hits
        now = self._now()
        gap = now - self._last
        self._last = now
        if gap < _PAUSE:
            self._step += _SMOOTHING * (gap - self._step) if self._step else gap

    def forget(self) -> None:
        """The engine is gone: nothing runs or waits."""
        self._running.clear()
        self._waiting.clear()
        self._usage.clear()

    @property
    def running(self) -> int:
        """Requests that run or wait in the engine."""
        return sum(self._running.values()) + sum(self._waiting.values())

    def snapshot(self) -> EngineStats:
        return EngineStats(
            running=sum(self._running.values()),
            waiting=sum(self._waiting.values()),
            kv_cache_usage=max(self._usage.values(), default=0.0),
            prefix_cache_queries=self._queries,
            prefix_cache_hits=self._hits,
        )

    def stream_interval(self, in_flight: int) -> int:
        """Tokens per piece of a stream that starts beside `in_flight` others.

        One when the engine is quiet; more under load, where the front end's work per piece would
        take time from everybody, but never so many that a slow engine's stream stutters.
        """
        if in_flight < QUIET:
            return 1
        wanted = INTERVAL_BUSY if in_flight <= BUSY else INTERVAL_FULL
        return max(1, min(wanted, int(LONGEST_GAP / self._step))) if self._step else 1
