"""The formats that were made ready, kept by their text for the next request with one."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import orjson
from cachetools import LRUCache

from fogbank.structured.budget import MAX_BYTES, UnusableSchema
from fogbank.structured.examination import EXAMINATION, Lost
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.structured.preparation import ANY_JSON, either
from fogbank.structured.structure import Structure
from fogbank.structured.verification import RegexVerifier, Verifier
from fogbank.tasks import ChoiceFormat, Constraint, OutputFormat, RegexFormat

CACHE_BYTES = 64 * 1024 * 1024
"""Of structures, by an estimate; the least recently used go first."""

WEIGHT = 30
"""Bytes that a compiled validator takes for each of its schema's, about."""

SMALL = 20_000
"""Bytes of a schema up to which its validator is compiled on the event loop (a millisecond)."""

MAX_CHOICES = 1_000
TERSE = Bounds(80, 3, terse=True)
TERSEST = Bounds(24, 1, terse=True)


@dataclass(frozen=True, slots=True)
class _Key:
    text: bytes
    kind: type
    backend: str
    bounds: Bounds


class Library:
    """Makes structures and keeps them. One for each server."""

    def __init__(self, cache_bytes: int = CACHE_BYTES) -> None:
        self._kept: LRUCache[_Key, Structure | UnusableSchema] = LRUCache(
            cache_bytes, getsizeof=_size
        )
        self._made: dict[_Key, asyncio.Future[Structure]] = {}

    async def structure(
        self, asked: OutputFormat, backend: str, bounds: Bounds = NO_BOUNDS
    ) -> Structure:
        """The format made ready for a back end, its answers no larger than `bounds`.

        `compile_ms` is 0 for one that is known. Raises UnusableSchema, and Busy where too many
        unknown ones come at once.
        """
        key = _Key(_text(asked), type(asked), backend, bounds)
        known = self._kept.get(key)
        if isinstance(known, Structure):
            return replace(known, compile_ms=0.0)
        if known is not None:
            raise UnusableSchema(str(known))
        if (being_made := self._made.get(key)) is not None:
            return await asyncio.shield(being_made)
        task = asyncio.ensure_future(self._make(asked, key))
        self._made[key] = task
        task.add_done_callback(lambda done: self._keep(key, done))
        return await asyncio.shield(task)

    def _keep(self, key: _Key, done: "asyncio.Future[Structure]") -> None:
        del self._made[key]
        if done.cancelled():
            return
        error = done.exception()
        found = done.result() if error is None else error
        if isinstance(found, (Structure, UnusableSchema)) and _size(found) <= self._kept.maxsize:
            self._kept[key] = found

    async def _make(self, asked: OutputFormat, key: _Key) -> Structure:
        began = time.perf_counter()
        if isinstance(asked, ChoiceFormat):
            made = _of_choices(asked, key)
        else:
            told = await _examined(asked, key)
            made = await (_of_regex if isinstance(asked, RegexFormat) else _of_schema)(key, told)
        return replace(made, compile_ms=(time.perf_counter() - began) * 1000)


def _text(asked: OutputFormat) -> bytes:
    """The format as text, its order kept: properties are written in it."""
    try:
        if isinstance(asked, RegexFormat):
            return asked.pattern.encode()
        if isinstance(asked, ChoiceFormat):
            return orjson.dumps(asked.choices)
        text = orjson.dumps(ANY_JSON if asked.schema is None else asked.schema)
    except (orjson.JSONEncodeError, UnicodeEncodeError) as error:
        raise UnusableSchema(f"cannot be read: {error}") from None
    if len(text) > MAX_BYTES:
        raise UnusableSchema(f"has more than {MAX_BYTES} bytes")
    return text


def _size(kept: Structure | UnusableSchema) -> int:
    return kept.size if isinstance(kept, Structure) else 1_000


async def _examined(asked: OutputFormat, key: _Key) -> Mapping[str, Any]:
    levels = [key.bounds, _within(TERSE, key.bounds), _within(TERSEST, key.bounds)]
    job: dict[str, Any] = {"backend": key.backend}
    if isinstance(asked, RegexFormat):
        job["regex"] = asked.pattern
    else:
        job["schema"] = key.text.decode()
        job["levels"] = [[one.length, one.items, one.terse] for one in levels]
    try:
        told = await EXAMINATION.ask(job)
    except Lost:
        raise UnusableSchema("takes too long, or too much memory, to be followed") from None
    if "refused" in told:
        raise UnusableSchema(told["refused"])
    return told


def _within(bounds: Bounds, outer: Bounds) -> Bounds:
    return Bounds(
        min(bounds.length or 0, outer.length or bounds.length or 0),
        min(bounds.items or 0, outer.items or bounds.items or 0),
        terse=True,
    )


def _of_choices(asked: ChoiceFormat, key: _Key) -> Structure:
    if not 1 <= len(asked.choices) <= MAX_CHOICES:
        raise UnusableSchema(f"needs 1 to {MAX_CHOICES} choices")
    if "" in asked.choices:
        raise UnusableSchema("has an empty choice")
    constraint = Constraint("regex", either(asked.choices))
    made = _bare(key, (constraint,), min(map(len, asked.choices)))
    return replace(made, choices=frozenset(asked.choices))


async def _of_regex(key: _Key, told: Mapping[str, Any]) -> Structure:
    pattern = key.text.decode()
    made = _bare(key, (Constraint("regex", pattern),), 0)
    return replace(made, verifier=RegexVerifier(pattern))


async def _of_schema(key: _Key, told: Mapping[str, Any]) -> Structure:
    constraints = tuple(Constraint("json", text) for text in told["constraints"])
    made = replace(_bare(key, constraints, told["shortest"]), after=tuple(told["after"]))
    checked = told["checked"]
    if told["recursive"]:
        text = key.text if checked is None else orjson.dumps(checked)
        return replace(made, schema=text.decode())
    schema = orjson.loads(key.text) if checked is None else checked
    if len(key.text) <= SMALL:
        return replace(made, verifier=Verifier(schema))
    return replace(made, verifier=await asyncio.to_thread(Verifier, schema))


def _bare(key: _Key, constraints: tuple[Constraint, ...], shortest: int) -> Structure:
    texts = sum(len(constraint.text) for constraint in constraints)
    return Structure(
        digest=sha256(key.text).hexdigest(),
        backend=key.backend,
        constraints=constraints,
        after=(),
        shortest=shortest,
        compile_ms=0.0,
        size=1_000 + WEIGHT * len(key.text) + texts,
    )
