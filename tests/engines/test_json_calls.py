"""Calls in JSON: found in whole answers, held back in streams."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.engines.json_calls import JsonCalls, may_begin_call
from fogbank.engines.tool_text import HeldText

CALL = '{"name": "add", "parameters": {"a": 1}}'
PARSER = JsonCalls()


def calls(text: str) -> tuple[str, list[tuple[str, str]]]:
    rest, found = PARSER.parse(text, ())
    return rest, [(call.name, call.arguments) for call in found]


@pytest.mark.parametrize(
    "text",
    [
        CALL,
        f"  {CALL}\n",
        f"<|python_tag|>{CALL}",
        f"<tool_call>\n{CALL}\n</tool_call>",
        f"```json\n{CALL}\n```",
        f"[{CALL}]",
        f"[TOOL_CALLS] [{CALL}]",
        '{"name":"add","arguments":{"a":1}}',
        '{"name":"add","arguments":"{\\"a\\":1}"}',
        '{"type":"function","function":{"name":"add","parameters":{"a":1}}}',
    ],
)
def test_the_forms_of_one_call(text: str) -> None:
    assert calls(text) == ("", [("add", '{"a":1}')])


def test_several_calls_and_text_before_them() -> None:
    other = '{"name": "stop", "parameters": {}}'
    assert calls(f"Well. {CALL}; {other}") == ("Well.", [("add", '{"a":1}'), ("stop", "{}")])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello {name}!",
        '{"name": "Bob"}',
        '{"name": "add", "parameters": [1]}',
        '{"name": "add", "arguments": "no JSON"}',
        '{"name": 5, "parameters": {}}',
        '{"name": "add", "parameters": {"a": ',
        '{"name": "add", "parameters": {"a": NaN}}',
        '{"name": "add", "parameters": {"a": "\\ud800"}}',
        '{"name": "add", "parameters": {"a": ' + "[" * 5000 + "]" * 5000 + "}}",
        '{"name": "add", "parameters": {"a": ' + "[" * 300 + "]" * 300 + "}}",
        "{" * 100_000,
        '{"a":' * 20_000,
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_call_stays_text(text: str) -> None:
    assert calls(text) == (text, [])


def shown(text: str, size: int = 1) -> tuple[str, str]:
    """What is shown before the end, and what is held at the end."""
    held = HeldText(PARSER.openings)
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return "".join(held.push(piece) for piece in pieces), held.rest


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Hello world", ""),
        ("a < b and {x} [1]", ""),
        ('So: {"city": "Rome"} it is', ""),
        ('{"name": "Bob"} is no call.', ""),
        (f"Well. {CALL}", CALL),
        (f"Well. {CALL} and more", f"{CALL} and more"),
        ("A <tool_call>x", "<tool_call>x"),
        ("A <tool_ca", "<tool_ca"),
        ("A <tool_cat", ""),
        ('{ \n "na', '{ \n "na'),
        ('{"name": "add", ' + " " * 200, '{"name": "add", ' + " " * 200),
    ],
)
def test_what_may_be_a_call_is_held(text: str, rest: str, size: int) -> None:
    assert shown(text, size) == (text.removesuffix(rest), rest)


def test_a_parser_that_cannot_tell_holds_everything() -> None:
    held = HeldText(None)
    assert held.push("Hello") == ""
    assert held.rest == "Hello"


@given(st.text(alphabet='{}[]"<>:,ntame_cl 1', max_size=60), st.integers(1, 7))
def test_nothing_is_lost_and_order_is_kept(text: str, size: int) -> None:
    before, rest = shown(text, size)
    assert before + rest == text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=4), JSON, max_size=4), st.integers(1, 9))
def test_every_call_is_held_and_read(arguments: dict[str, object], size: int) -> None:
    text = json.dumps({"name": "f", "parameters": arguments})
    assert shown(text, size) == ("", text)
    ((_, found),) = calls(text)[1]
    assert orjson.loads(found) == arguments


def test_may_begin_call() -> None:
    assert may_begin_call("{", 0)
    assert may_begin_call('x{ "na', 1)
    assert not may_begin_call('{"city"', 0)
