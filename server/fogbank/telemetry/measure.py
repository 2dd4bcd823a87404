"""The measure of one request: when it began, was admitted, first spoke, ended; its tokens."""

from collections.abc import Callable

from fogbank.tasks import TextChunk, Usage


class Measure:
    """Times in seconds by the given monotonic clock. On the token path: two attribute writes."""

    __slots__ = (
        "_last",
        "_now",
        "admitted_at",
        "began_at",
        "ended_at",
        "first_at",
        "outcome",
        "usage",
    )

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last: TextChunk | None = None
        self.began_at = self.ended_at = now()
        self.outcome = "error"
        self.admitted_at: float | None = None
        self.first_at: float | None = None
        self.usage: Usage | None = None

    def admitted(self) -> None:
        """The request has its permit and its engine."""
        self.admitted_at = self._now()

    def chunk(self, chunk: TextChunk) -> None:
        """A piece of the answer went by."""
        if self.first_at is None:
            self.first_at = self._now()
        self._last = chunk

    def finished(self, usage: Usage) -> None:
        """The whole answer is there."""
        self.usage = usage

    @property
    def tokens(self) -> Usage:
        """What was used, also by a stream that broke off."""
        if self.usage is None and self._last is not None:
            last = self._last
            return Usage(last.prompt_tokens, last.completion_tokens, last.cached_tokens)
        return self.usage or Usage()
