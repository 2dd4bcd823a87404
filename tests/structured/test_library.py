"""Formats that were made ready are kept, and made once."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from fogbank.structured import library
from fogbank.structured.budget import MAX_BYTES, UnusableSchema
from fogbank.structured.examination import EXAMINATION, Busy, Lost
from fogbank.structured.library import Library
from fogbank.structured.narrowing import Bounds
from fogbank.tasks import ChoiceFormat, JsonFormat, OutputFormat, RegexFormat

pytestmark = pytest.mark.anyio

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """Those that are asked of the examiner, which answers them."""
    seen: list[Mapping[str, Any]] = []
    ask = EXAMINATION.ask

    async def counted(job: Mapping[str, Any]) -> dict[str, Any]:
        seen.append(job)
        return await ask(job)

    monkeypatch.setattr(EXAMINATION, "ask", counted)
    return seen


def fail(monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    async def ask(job: Mapping[str, Any]) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(EXAMINATION, "ask", ask)


async def test_a_structure() -> None:
    made = await Library().structure(JsonFormat(SCHEMA), "llguidance")
    assert (made.backend, made.after, len(made.digest)) == ("llguidance", (), 64)
    assert [constraint.kind for constraint in made.constraints] == ["json"] * 3
    assert made.compile_ms > 0
    assert made.shortest == len('{"a":""}') + 1


async def test_what_is_known_takes_no_time(jobs: list[Any]) -> None:
    shelf = Library()
    first = await shelf.structure(JsonFormat(SCHEMA), "llguidance")
    again = await shelf.structure(JsonFormat(dict(SCHEMA)), "llguidance")
    assert (len(jobs), again.compile_ms) == (1, 0.0)
    assert again.constraints is first.constraints


async def test_what_makes_a_format_another(jobs: list[Any]) -> None:
    shelf = Library()
    turned = {key: SCHEMA[key] for key in reversed(SCHEMA)}
    formats: list[tuple[OutputFormat, str, Bounds]] = [
        (JsonFormat(SCHEMA), "llguidance", Bounds()),
        (JsonFormat(turned), "llguidance", Bounds()),
        (JsonFormat(SCHEMA), "xgrammar", Bounds()),
        (JsonFormat(SCHEMA), "llguidance", Bounds(50, 2)),
        (JsonFormat("a"), "llguidance", Bounds()),
        (RegexFormat('"a"'), "llguidance", Bounds()),
    ]
    for asked, backend, bounds in formats * 2:
        try:
            await shelf.structure(asked, backend, bounds)
        except UnusableSchema:
            assert asked == JsonFormat("a")
    assert len(jobs) == len(formats)


async def test_bounds_are_those_of_the_model_and_of_each_level(jobs: list[Any]) -> None:
    await Library().structure(JsonFormat(SCHEMA), "llguidance", Bounds(50, 2))
    assert jobs[0]["levels"] == [[50, 2, False], [50, 2, True], [24, 1, True]]


async def test_asked_twenty_times_at_once_it_is_made_once(jobs: list[Any]) -> None:
    shelf = Library()
    asked = (shelf.structure(JsonFormat(SCHEMA), "llguidance") for _ in range(20))
    made = await asyncio.gather(*asked)
    assert len(jobs) == 1
    assert len({one.digest for one in made}) == 1
    assert shelf._made == {}


async def test_who_goes_away_does_not_take_it_from_the_others(jobs: list[Any]) -> None:
    shelf = Library()
    first = asyncio.create_task(shelf.structure(JsonFormat(SCHEMA), "llguidance"))
    await asyncio.sleep(0)
    second = asyncio.create_task(shelf.structure(JsonFormat(SCHEMA), "llguidance"))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).constraints
    assert len(jobs) == 1


async def test_refusals_are_remembered(jobs: list[Any]) -> None:
    shelf = Library()
    for _ in range(3):
        with pytest.raises(UnusableSchema, match="is no JSON Schema"):
            await shelf.structure(JsonFormat({"type": "x"}), "llguidance")
    assert len(jobs) == 1


async def test_what_was_lost_is_refused_and_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Library()
    fail(monkeypatch, Lost)
    with pytest.raises(UnusableSchema, match="takes too long, or too much memory"):
        await shelf.structure(JsonFormat(SCHEMA), "llguidance")
    monkeypatch.undo()
    with pytest.raises(UnusableSchema, match="takes too long, or too much memory"):
        await shelf.structure(JsonFormat(SCHEMA), "llguidance")


async def test_busy_is_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Library()
    fail(monkeypatch, Busy)
    with pytest.raises(Busy):
        await shelf.structure(JsonFormat(SCHEMA), "llguidance")
    monkeypatch.undo()
    assert (await shelf.structure(JsonFormat(SCHEMA), "llguidance")).constraints


async def told(job: Mapping[str, Any]) -> dict[str, Any]:
    text = f'{{"const":{job["schema"]}}}'
    return {"constraints": [text], "after": [], "recursive": False, "shortest": 1, "checked": None}


async def test_two_thousand_schemas_take_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EXAMINATION, "ask", told)
    shelf = Library(cache_bytes=1_000_000)
    for number in range(2_000):
        await shelf.structure(JsonFormat({"const": f"{number} {'x' * 50}"}), "llguidance")
        assert shelf._kept.currsize <= shelf._kept.maxsize
    assert 100 < len(shelf._kept) < 2_000
    assert shelf._made == {}


async def test_what_is_larger_than_the_shelf_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EXAMINATION, "ask", told)
    shelf = Library(cache_bytes=10_000)
    made = await shelf.structure(JsonFormat({"const": "x" * 10_000}), "llguidance")
    assert made.constraints
    assert len(shelf._kept) == 0


async def test_a_large_schema_is_compiled_off_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: list[Any] = []

    async def to_thread(work: Any, *arguments: Any) -> Any:
        threads.append(work)
        return work(*arguments)

    monkeypatch.setattr(asyncio, "to_thread", to_thread)
    for size, count in ((library.SMALL // 2, 0), (library.SMALL, 1)):
        await Library().structure(JsonFormat({"enum": ["x" * size]}), "llguidance")
        assert len(threads) == count


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (JsonFormat({"const": "x" * MAX_BYTES}), "more than 262144 bytes"),
        (JsonFormat({"const": "\ud800"}), "cannot be read"),
        (JsonFormat({"const": 2**70}), "cannot be read"),
        (RegexFormat("\ud800"), "."),
        (RegexFormat("("), "."),
        (ChoiceFormat(()), "needs 1 to 1000 choices"),
        (ChoiceFormat(tuple(map(str, range(1_001)))), "needs 1 to 1000 choices"),
        (ChoiceFormat(("a", "")), "has an empty choice"),
        (ChoiceFormat(("\ud800",)), "cannot be read"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_what_is_refused(asked: OutputFormat, reason: str) -> None:
    with pytest.raises(UnusableSchema, match=reason):
        await Library().structure(asked, "llguidance")


async def test_choices_are_a_regular_expression() -> None:
    made = await Library().structure(ChoiceFormat(("a.b", "cc")), "llguidance")
    assert [(one.kind, one.text) for one in made.constraints] == [("regex", "a\\.b|cc")]
    assert made.shortest == 2
