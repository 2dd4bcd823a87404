"""Faults on demand: what a header names, and that docs/faults.md lists every one of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fogbank import errors
from fogbank.errors import AIError, ErrorKind, RouteError
from fogbank.runtime.faults import ROUTES, ROWS, Fault, StreamCut, example, fault
from fogbank.tasks import TextChunk

pytestmark = pytest.mark.anyio
PATH = "/client/v4/accounts/x"
DOCS = Path(__file__).parents[2] / "docs" / "faults.md"


async def chunks(count: int = 5) -> AsyncIterator[TextChunk]:
    for number in range(count):
        yield TextChunk(str(number))


async def pieces(asked: Fault, count: int = 5) -> tuple[str, str]:
    """The text that came, and the error after it."""
    text = ""
    try:
        async for chunk in asked.within(chunks(count), 0.01):
            text += chunk.text
    except AIError as error:
        return text, str(error.kind.code)
    except StreamCut:
        return text, "cut"
    return text, ""


def test_every_row_of_the_table_can_be_asked_for() -> None:
    table = {kind for kind in vars(errors).values() if isinstance(kind, ErrorKind)}
    table -= {errors.TIMEOUT}
    assert {ROWS[str(kind.code)].code for kind in table} == {kind.code for kind in table}
    named = {
        name.lower().replace("_", "-")
        for name, kind in vars(errors).items()
        if isinstance(kind, ErrorKind)
    }
    assert named - {"timeout"} <= ROWS.keys()
    for name, kind in ROWS.items():
        found = fault(name, PATH, 7).error
        assert isinstance(found, AIError)
        assert found.kind is kind
        assert "{" not in found.message("id")
        assert found.retry_after == (7 if kind.status == 429 else None)
    for name in ROUTES:
        assert isinstance(fault(name, PATH).error, RouteError)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("3040", ("", "3040")),
        ("3040; after=3", ("012", "3040")),
        (" Capacity ;after = 2", ("01", "3040")),
        ("3040; after=99", ("01234", "3040")),
        ("stream-cut", ("0", "cut")),
        ("stream-cut; after=2", ("01", "cut")),
        ("timeout; after=1", ("0", "3007")),
        ("3007", ("", "3007")),
    ],
)
async def test_in_the_middle_of_a_stream(header: str, expected: tuple[str, str]) -> None:
    assert await pieces(fault(header, PATH)) == expected


async def test_at_once() -> None:
    for header, code in (("context-window", "5021"), ("timeout", "3007")):
        asked = fault(header, PATH)
        assert asked.after is None
        with pytest.raises(AIError, match=code):
            await asked.happen(0.01)
    assert fault("3040; after=1", PATH).after == 1
    assert fault("stream-cut", PATH).after == 1
    await fault("stream-cut", PATH).happen(1)


@pytest.mark.parametrize("header", ["", "nothing", "3040 after=2", "3040; after=x", "é", "9" * 99])
def test_what_is_no_fault_says_so(header: str) -> None:
    error = fault(header, PATH).error
    assert isinstance(error, AIError)
    assert error.kind is errors.INVALID_INPUT
    assert "docs/faults.md" in error.description


def test_the_docs_list_exactly_these() -> None:
    names: dict[ErrorKind, list[str]] = {}
    for name, kind in ROWS.items():
        names.setdefault(kind, []).append(name)
    expected = set()
    for kind, called in names.items():
        values = ", ".join(f"`{n}`" for n in sorted(called, key=lambda n: (not n.isdecimal(), n)))
        expected.add(f"| {values} | {kind.status} | {example(kind).message('id')} |")
    for name, make in ROUTES.items():
        error = make(PATH)
        told = "; ".join(f"{code}: {text}" for code, text in error.errors)
        expected.add(f"| `{name}` | {error.status} | {told} |")
    table = DOCS.read_text(encoding="utf-8").split("| value | status | message |\n|---|---|---|\n")
    assert set(table[1].splitlines()) == expected
