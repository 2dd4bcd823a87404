import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.engines.extractive import MAX_SENTENCES, MOST, choose, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Dr. Ada met Mr. B. Jones. He left.", ["Dr. Ada met Mr. B. Jones.", "He left."]),
        ("Pi is 3.14 or so. Yes.", ["Pi is 3.14 or so.", "Yes."]),
        ('"Stop!" he said. Then "go."  The end', ['"Stop!" he said.', 'Then "go."', "The end"]),
        ("A title\n\nThe text. More", ["A title", "The text.", "More"]),
        ("晴れです。雨です！終わり", ["晴れです。", "雨です！", "終わり"]),
        ("It fell, e.g. here. Fine…  really.", ["It fell, e.g. here.", "Fine…  really."]),
        ("no end", ["no end"]),
        (" \n ", []),
        ("", []),
    ],
)
def test_where_a_sentence_ends(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.text(alphabet="ab. \n!?\"'…。)(DrM", max_size=200))
def test_sentences_are_the_text_but_for_blanks(text: str) -> None:
    found = sentences(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(part == part.strip() != "" for part in found)


def test_a_text_without_end_is_read_in_part_and_at_once() -> None:
    assert len(sentences("Word. " * 100_000)) == MAX_SENTENCES
    assert len(sentences("." * 1_000_000)) == 1
    assert len(sentences("a.b" * 300_000)) == 1
    assert len(sentences("\n" * 1_000_000)) == 0
    assert len(sentences("A. " * 300_000)) == 1
    assert len(sentences("x\n" + " " * 1_000_000)) == 1


def _at(*degrees: float) -> list[list[float]]:
    return [[math.cos(math.radians(at)), math.sin(math.radians(at))] for at in degrees]


def test_the_centre_comes_first_then_something_new() -> None:
    vectors = _at(0, 1, 2, 40, 80, 81)
    assert choose(vectors, [1] * 6, 1) == [3]
    kept = choose(vectors, [1] * 6, 100)
    assert len(kept) == 2
    assert kept != [3, 2]


def test_sentences_that_are_too_long_are_passed_over() -> None:
    vectors = _at(*range(9))
    assert choose(vectors, [5, 5, 5, 5, 99, 5, 5, 5, 5], 10) == sorted(
        choose(vectors, [5, 5, 5, 5, 99, 5, 5, 5, 5], 10)
    )
    assert 4 not in choose(vectors, [5, 5, 5, 5, 99, 5, 5, 5, 5], 10)
    assert choose(vectors, [11] * 9, 10) == []


@given(
    st.lists(st.tuples(st.floats(0, 360), st.integers(1, 50)), min_size=1, max_size=40),
    st.integers(1, 120),
)
def test_the_room_is_kept(items: list[tuple[float, int]], room: int) -> None:
    degrees, tokens = zip(*items, strict=True)
    kept = choose(_at(*degrees), tokens, room)
    assert sum(tokens[at] for at in kept) <= room
    assert all(a < b for a, b in pairwise(kept))
    assert len(kept) <= MOST
    assert kept or min(tokens) > room
