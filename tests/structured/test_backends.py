"""What each back end takes."""

import orjson
import pytest

from fogbank.structured import backends, keywords
from fogbank.structured.backends import grammar_refusal, refusal, text_of


def test_llguidance_is_told_to_leave_out_white_space() -> None:
    assert orjson.loads(text_of("llguidance", {"type": "null"})) == {
        "type": "null", "x-guidance": {"whitespace_flexible": False}
    }  # fmt: skip
    assert text_of("xgrammar", {"type": "null"}) == '{"type":"null"}'


@pytest.mark.parametrize("backend", ["xgrammar", "outlines_core"])
def test_others_are_asked_elsewhere(backend: str) -> None:
    assert refusal(backend, {"type": "string", "pattern": "("}) is None


def test_why_llguidance_does_not_take_it() -> None:
    assert refusal("llguidance", {"type": "string"}) is None
    assert refusal("llguidance", {"type": "string", "pattern": "a(?=b)"})
    unsatisfiable = {"type": "string", "minLength": 3, "maxLength": 2}
    assert str(refusal("llguidance", unsatisfiable)).startswith(backends.UNSATISFIABLE)


def test_a_grammar_has_a_largest_size() -> None:
    parts = {f"p{at}": {"items": {"enum": [at, str(at)]}} for at in range(20_000)}
    assert "too large" in str(refusal("llguidance", {"type": "object", "properties": parts}))


def test_grammars() -> None:
    assert grammar_refusal('{"grammars":[{"lark_grammar":"start: \\"a\\""}]}') is None
    assert grammar_refusal('{"grammars":[{"lark_grammar":"start: missing"}]}')


def test_only_known_keywords_are_left_out() -> None:
    known = keywords.ENFORCED | {"oneOf"}
    assert all(reduction <= known for reduction in backends.REDUCTIONS)
    assert all(ignored <= known for ignored in backends.IGNORED.values())


def test_nothing_is_left_out_first() -> None:
    assert backends.REDUCTIONS[0] == frozenset()
    assert backends.IGNORED["llguidance"] == frozenset()
