"""vLLM's own tool parsers, without an engine."""

from types import SimpleNamespace
from typing import Any

import pytest

from fogbank.engines.base import EngineMisconfigured
from fogbank.engines.json_calls import JsonCalls
from fogbank.engines.vllm_tools import VllmCalls, call_parser
from fogbank.tasks import Tool

pytest.importorskip("vllm")
pytestmark = [pytest.mark.engine, pytest.mark.filterwarnings("ignore")]
TOOL = Tool("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})
VOCABULARY = {"<|python_tag|>": 1, "<tool_call>": 2, "</tool_call>": 3, "[TOOL_CALLS]": 4}


class Tokenizer(SimpleNamespace):
    """What parsers ask of one."""

    def __init__(self, **more: int) -> None:
        vocabulary = {**VOCABULARY, **more}
        super().__init__(vocab=vocabulary, get_vocab=lambda: vocabulary)

    def encode(self, text: str, **_: Any) -> list[int]:
        return [1]

    def decode(self, ids: Any, **_: Any) -> str:
        return ""


@pytest.mark.contract("5.4")
@pytest.mark.parametrize(
    ("name", "text", "opening"),
    [
        ("llama3_json", '{"name": "add", "parameters": {"a": 1}}', "<|python_tag|>"),
        ("hermes", '<tool_call>{"name": "add", "arguments": {"a": 1}}</tool_call>', "<tool_call>"),
    ],
)
def test_a_parser_of_vllm(name: str, text: str, opening: str) -> None:
    parser = call_parser(name, Tokenizer())
    assert isinstance(parser, VllmCalls)
    assert parser.openings
    assert opening in parser.openings
    for _ in range(2):
        rest, (call,) = parser.parse(text, (TOOL,))
        assert (rest, call.name, call.arguments) == ("", "add", '{"a":1}')
    for plain in ("Hello.", '{"name": "add"', "<tool_call>{"):
        assert parser.parse(plain, (TOOL,)) == (plain, ())


def test_some_read_special_tokens() -> None:
    hermes, llama = (call_parser(name, Tokenizer()) for name in ("hermes", "llama3_json"))
    assert isinstance(hermes, VllmCalls)
    assert isinstance(llama, VllmCalls)
    assert hermes.shows_special_tokens
    assert not llama.shows_special_tokens


def test_without_a_name_calls_are_json() -> None:
    assert isinstance(call_parser(None, Tokenizer()), JsonCalls)


def test_a_parser_that_is_not_there() -> None:
    with pytest.raises(EngineMisconfigured, match="tool_parser 'no such'"):
        call_parser("no such", Tokenizer())


def test_a_parser_that_does_not_fit_the_tokenizer() -> None:
    with pytest.raises(EngineMisconfigured, match="python_tag"):
        call_parser("llama3_json", SimpleNamespace(vocab={}, get_vocab=dict))
