"""Whole answers in memory, each with its own lifetime, bounded by bytes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import TLRUCache

MAX_ANSWER = 25 * 1024 * 1024
"""Bytes of an answer that is worth keeping (contract 1.7)."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """An answer and how long it lives, in seconds."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    ttl: float


class ResponseCache:
    """The least recently used answers go first when `max_bytes` are full."""

    def __init__(self, max_bytes: int, now: Callable[[], float]) -> None:
        self._answers: TLRUCache[str, CachedAnswer] = TLRUCache(
            max_bytes, ttu=_expiry, timer=now, getsizeof=_size
        )

    def get(self, key: str) -> CachedAnswer | None:
        """The answer, unless it is too old."""
        return self._answers.get(key)

    def put(self, key: str, answer: CachedAnswer) -> None:
        """Keeps it, if it is not too large."""
        if len(answer.body) <= MAX_ANSWER and _size(answer) <= self._answers.maxsize:
            self._answers[key] = answer


def _expiry(key: str, answer: CachedAnswer, now: float) -> float:
    return now + answer.ttl


def _size(answer: CachedAnswer) -> int:
    return len(answer.body) + sys.getsizeof(answer.headers) + 512
