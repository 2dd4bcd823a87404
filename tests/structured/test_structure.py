"""Answers held against what was asked for, elsewhere where that may take any time."""

from collections.abc import Mapping
from typing import Any

import pytest

from fogbank.structured.examination import EXAMINATION, Busy, Lost
from fogbank.structured.library import Library
from fogbank.structured.structure import TIMELESS, Structure
from fogbank.tasks import ChoiceFormat, JsonFormat, OutputFormat, RegexFormat
from tests.structured.constrained import written

pytestmark = pytest.mark.anyio

TREE = {
    "type": "object",
    "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
    "additionalProperties": False,
}


async def made(asked: OutputFormat) -> Structure:
    return await Library().structure(asked, "llguidance")


PROBLEMS: list[tuple[OutputFormat, str, str | None]] = [
    (JsonFormat({"type": "integer"}), "5", None),
    (JsonFormat({"type": "integer"}), '"x"', '"x" is not of type "integer"'),
    (JsonFormat({"type": "integer"}), "5 5", "it is not JSON"),
    (JsonFormat(), "{}", None),
    (JsonFormat(), "[1]", None),
    (JsonFormat(), "1", '1 is not of types "array", "object"'),
    (JsonFormat({"type": "string", "nullable": True}), "null", None),
    (JsonFormat(TREE), '{"children":[{"children":[]},{}]}', None),
    (JsonFormat(TREE), '{"children":[5]}', '5 is not of type "object"'),
    (JsonFormat(TREE), "{", "it is not JSON"),
    (RegexFormat("a+|b"), "aa", None),
    (RegexFormat("a+|b"), "ab", "it does not match the regex"),
    (ChoiceFormat(("yes", "no")), "no", None),
    (ChoiceFormat(("yes", "no")), "maybe", "it is none of the choices"),
]


@pytest.mark.parametrize(("asked", "text", "problem"), PROBLEMS, ids=str)
async def test_problems(asked: OutputFormat, text: str, problem: str | None) -> None:
    assert await (await made(asked)).problem(text) == problem


REGEXES = [
    "\\d{2}",
    "\\w+",
    "[\\d-]+",
    "[[:alpha:]]+",
    "[a-z&&[^b]]",
    "(?i)ab|c",
    "\\p{Lu}.?",
    "a$|^b",
]


@pytest.mark.parametrize("pattern", REGEXES)
async def test_what_is_written_by_a_regular_expression_is_of_it(pattern: str) -> None:
    """Both sides read the pattern alike: what a class means, and where it ends."""
    structure = await made(RegexFormat(pattern))
    texts = [written(structure.constraints[0].text, seed, "regex", soft=8) for seed in range(60)]
    assert [text for text in texts if text is not None and await structure.problem(text)] == []


async def test_what_contains_itself_is_verified_elsewhere() -> None:
    tree, flat = await made(JsonFormat(TREE)), await made(JsonFormat({"type": "null"}))
    assert (tree.verifier, bool(tree.schema)) == (None, True)
    assert (flat.verifier is None, flat.schema) == (False, "")


@pytest.mark.parametrize("error", [Busy, Lost])
async def test_what_takes_too_long_there_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    tree = await made(JsonFormat(TREE))

    async def ask(job: Mapping[str, Any]) -> dict[str, Any]:
        raise error

    monkeypatch.setattr(EXAMINATION, "ask", ask)
    assert await tree.problem("{}") == TIMELESS
