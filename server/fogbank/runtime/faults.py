"""Faults that a developer asks for, so that a client's handling of errors can be tested.

A fault is what the header `x-fogbank-fault` names: a row of the table of errors by its code or name
(`3040`, `context-window`), an error of the front door (`10000`), `timeout` or `stream-cut`; with
`; after=3` it comes after the third piece of a stream (docs/faults.md).
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from dataclasses import dataclass
from string import Formatter
from typing import Any

from fogbank import errors
from fogbank.errors import AIError, ErrorKind, RouteError
from fogbank.tasks import TextChunk

TIMEOUT = "timeout"
STREAM_CUT = "stream-cut"
EXAMPLES: dict[str, Any] = {
    "model": "@cf/example/model",
    "what": "body",
    "type": "number",
    "detail": "Asked for by x-fogbank-fault.",
    "date": "2026-05-30",
    "tokens": 42481,
    "limit": 32000,
}
"""Values of the texts; a text with another value shows that value's name."""

_HEADER = re.compile(r"\s*([\w.-]{1,40})\s*(?:;\s*after\s*=\s*([0-9]{1,6})\s*)?")


def _rows() -> dict[str, ErrorKind]:
    kinds = {name: kind for name, kind in vars(errors).items() if isinstance(kind, ErrorKind)}
    rows = {name.lower().replace("_", "-"): kind for name, kind in kinds.items()}
    del rows[TIMEOUT]  # the word means that nothing comes; the row itself is 3007
    for kind in (*kinds.values(), *errors.DOCUMENTED.values()):
        rows.setdefault(str(kind.code), kind)
    return rows


ROWS = _rows()
"""Rows of the table by name and by code; of rows that share a code the first one has it."""

ROUTES: dict[str, Callable[[str], RouteError]] = {
    "10000": lambda path: errors.authentication_error(),
    "10000-403": lambda path: errors.authentication_error(403),
    "7000": lambda path: errors.unknown_model(),
    "7003": errors.account_error,
    "unknown-path": errors.unknown_path,
}
"""Errors of the front door by header value; each is given the path that was asked for."""


class StreamCut(Exception):
    """The connection is to end here, without a last word."""


@dataclass(frozen=True, slots=True)
class Fault:
    """`error` happens; None lets the deadline pass instead, or with `cut` ends the connection.

    `after` counts pieces of a stream; None is before anything else, which a cut never is.
    """

    error: AIError | RouteError | None
    after: int | None = None
    cut: bool = False

    async def happen(self, deadline: float) -> None:
        """Raises the error, at the latest after `deadline` seconds. A whole answer is never cut."""
        if self.error is not None:
            raise self.error
        if not self.cut:
            await asyncio.sleep(deadline)
            raise AIError(errors.TIMEOUT)

    async def within(
        self, chunks: AsyncIterator[TextChunk], deadline: float
    ) -> AsyncGenerator[TextChunk]:
        """The first pieces of a stream, then the fault; a shorter stream has it at its end."""
        left = self.after or 0
        async for chunk in chunks:
            if not left:
                break
            left -= 1
            yield chunk
        if self.cut:
            raise StreamCut
        await self.happen(deadline)


def fault(header: str, path: str, retry_after: int | None = None) -> Fault:
    """The fault that a header names; one that it does not name rightly is 8001 and says so.

    `retry_after` is what every 429 carries, in seconds.
    """
    found = _HEADER.fullmatch(header)
    name = found[1].lower() if found else ""
    after = int(found[2]) if found and found[2] else None
    if name == TIMEOUT:
        return Fault(None, after)
    if name == STREAM_CUT:
        return Fault(None, after or 1, cut=True)
    if name in ROUTES:
        return Fault(ROUTES[name](path))
    if name in ROWS:
        return Fault(example(ROWS[name], retry_after), after)
    detail = f"x-fogbank-fault is {header[:60]!r}; docs/faults.md lists what it may be"
    return Fault(AIError(errors.INVALID_INPUT, detail=detail))


def example(kind: ErrorKind, retry_after: int | None = None) -> AIError:
    """A row of the table with plausible values."""
    retry_after = retry_after if kind.status == 429 else None
    names = [name for _, name, _, _ in Formatter().parse(kind.title + kind.text) if name]
    values = {name: EXAMPLES.get(name, name) for name in names}
    return AIError(kind, retry_after=retry_after, **values)
