"""Where the beginning of a JSON text ends."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.structured.partial import Mode, Partial
from tests.structured.constrained import compact

ENDS: list[tuple[str, Mode, str]] = [
    ("", "value", ""),
    (" ", "value", " "),
    ("{", "begin", "{"),
    ("[", "begin", "["),
    ('{"a', "key", '"a'),
    ('{"a"', "colon", '"a"'),
    ('{"a":', "value", '"a":'),
    ('{"a":"x', "string", '"x'),
    ('{"a":"x\\', "string", '"x\\'),
    ('{"a":"x"', "after", '"x"'),
    ('{"a":"x",', "next", '"x",'),
    ('{"a":"x","', "key", '"'),
    ('{"a":1', "literal", "1"),
    ('{"a":tru', "literal", "tru"),
    ('{"a":1,', "next", "1,"),
    ('{"a":1}', "after", "1}"),
    ("[1", "literal", "1"),
    ("[1,", "value", "1,"),
    ("[1,-", "literal", "-"),
    ("[[]", "after", "[[]"),
    ("[]", "after", "[]"),
    ('"', "string", '"'),
    ('"a"', "after", '"a"'),
    ("12", "literal", "12"),
]


@pytest.mark.parametrize(("text", "mode", "token"), ENDS)
def test_where_it_ends(text: str, mode: Mode, token: str) -> None:
    partial = Partial(text)
    assert partial.mode == mode
    if mode in ("key", "string", "literal"):
        assert partial.token == token


def test_what_is_open() -> None:
    partial = Partial('{"a":1,"b":{"c":[true,{},"x\\n"],"d":"e')
    outer, inner = partial.frames
    assert (outer.members, outer.key, outer.count) == ({"a": 1}, "b", 1)
    assert (inner.members, inner.key, inner.count) == ({"c": None}, "d", 1)


def test_items_are_counted() -> None:
    assert Partial('[1,"a",[2,3],{}').frames[-1].count == 4
    assert Partial("[1,2").frames[-1].count == 1
    assert Partial("[").frames[-1].count == 0


@pytest.mark.parametrize("text", ['"\\', '"\\u', '"\\u12', '{"a\\', '"a\\\\\\'])
def test_within_an_escape_it_is_not_clean(text: str) -> None:
    assert not Partial(text).clean


@pytest.mark.parametrize("text", ['"\\\\', '"\\u12ab', '{"a\\n"', '"\\"'])
def test_after_an_escape_it_is(text: str) -> None:
    assert Partial(text).clean


def test_half_a_pair_of_surrogates_is_no_name() -> None:
    """Two escapes make one character: what is between them is nothing that can be read."""
    Partial('{"\\ud83d":1')
    assert Partial('{"\\ud83d\\ude00":1').frames[-1].key == "😀"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values, st.booleans(), st.data())
def test_any_beginning_of_any_text(value: Any, ascii_only: bool, data: st.DataObject) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
    assert Partial(text).mode in ("after", "literal")
    assert Partial(text).frames == []
    end = data.draw(st.integers(0, len(text)))
    partial = Partial(text[:end])
    assert len(partial.frames) <= compact(value).count("[") + compact(value).count("{")


@given(st.text(max_size=20))
def test_any_text_at_all(text: str) -> None:
    Partial(text)
