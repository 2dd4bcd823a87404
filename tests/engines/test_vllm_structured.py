"""Constraints by way of outlines, as vLLM takes them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fogbank.engines.base import EngineRefused
from fogbank.engines.vllm_structured import structured_arguments
from fogbank.tasks import Constraint
from tests.engines.vllm_standin import needs_outlines

pytestmark = needs_outlines


def of_schema(text: str) -> str:
    arguments = structured_arguments(Constraint("json", text))
    assert list(arguments) == ["json"]
    assert isinstance(arguments["json"], str), "a number in it may be too large for the way"
    return arguments["json"]


def test_a_schema_travels_as_text() -> None:
    text = (
        '{"type":"object","properties":{"b":{},"a":{}},"x-guidance":{"whitespace_flexible":false}}'
    )
    assert json.loads(of_schema(text)) == json.loads(text)
    assert list(json.loads(of_schema(text))["properties"]) == ["b", "a"], "it is written in order"


def test_numbers_of_more_than_64_bits_survive() -> None:
    schema = {"type": "integer", "maximum": 10**30, "minimum": -(2**64)}
    found = json.loads(of_schema(json.dumps(schema)))
    assert found == schema
    assert isinstance(found["maximum"], int)


@pytest.mark.parametrize("pattern", [r"\p{L}+", r"^\p{Lu}\p{Ll}*$", r"\d++", r"(?<year>\d{4})"])
def test_a_regular_expression_that_python_does_not_know_passes(pattern: str) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
    assert json.loads(of_schema(json.dumps(schema))) == schema


def test_a_schema_of_draft_2020_12_passes() -> None:
    schema = {"prefixItems": [{"type": "string"}], "$defs": {"a": {"exclusiveMinimum": 3}}}
    assert json.loads(of_schema(json.dumps(schema))) == schema


def test_a_regular_expression() -> None:
    arguments = structured_arguments(Constraint("regex", r"\d{4}|a\.b"))
    assert list(arguments) == ["regex"]
    assert arguments["regex"] in (r"\d{4}|a\.b", r"(\d{4}|a\.b)")


def test_a_grammar() -> None:
    lark = 'start: "{\\"a\\":" v0 "}"\nv0: %json {"type":"string"}'
    assert structured_arguments(Constraint("lark", lark)) == {"grammar": lark}


@pytest.mark.parametrize("text", ["{", "not JSON", ""], ids=repr)
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(EngineRefused, match="cannot be read"):
        structured_arguments(Constraint("json", text))


def test_nothing_is_written_to_a_disk(tmp_path: Path) -> None:
    """The files of outlines' cache are pickles, which would be read by whoever asks next."""
    script = """
from fogbank.engines.vllm_structured import structured_arguments
from fogbank.tasks import Constraint
for kind, text in (("json", '{"type":"object"}'), ("regex", "a|b"), ("lark", 'start: "a"')):
    structured_arguments(Constraint(kind, text))
import outlines.caching
print(outlines.caching._caching_enabled)
"""
    environment = {**os.environ, "OUTLINES_CACHE_DIR": str(tmp_path / "cache")}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip() == "False"
    assert not list(tmp_path.rglob("*.db"))
