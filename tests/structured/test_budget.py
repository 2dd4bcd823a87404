"""What a schema may cost: each limit holds exactly, and the error names the part."""

from typing import Any

import pytest

from fogbank.structured import budget
from fogbank.structured.budget import UnusableSchema, check, quoted


def nested(levels: int) -> Any:
    schema: Any = {}
    for _ in range(levels - 1):
        schema = {"not": schema}
    return schema


def patterns(count: int) -> Any:
    return {"patternProperties": {f"^{number}": {} for number in range(count)}}


AT_THE_LIMIT = [
    True,
    False,
    {},
    nested(budget.MAX_DEPTH),
    {"enum": list(range(budget.MAX_ENUM))},
    {"default": [0] * (budget.MAX_VALUES - 2)},
    {"pattern": "a" * budget.MAX_PATTERN},
    patterns(budget.MAX_PATTERNS),
    *({key: most} for key, most in budget.LEAST.items()),
]


@pytest.mark.parametrize("schema", AT_THE_LIMIT, ids=lambda schema: str(schema)[:30])
def test_what_is_at_a_limit_passes(schema: Any) -> None:
    check(schema)


BEYOND = [
    (nested(budget.MAX_DEPTH + 1), "nested deeper than 100 levels"),
    (nested(5_000), "nested deeper than 100 levels"),
    ({"enum": list(range(budget.MAX_ENUM + 1))}, "an 'enum' of more than 5000 values"),
    ({"default": [0] * (budget.MAX_VALUES - 1)}, "more than 20000 values"),
    ({"pattern": "a" * (budget.MAX_PATTERN + 1)}, "a 'pattern' of more than 2000 characters"),
    ({"patternProperties": {"a" * 2_001: {}}}, "a 'pattern' of more than 2000 characters"),
    (patterns(budget.MAX_PATTERNS + 1), "more than 200 patterns"),
    *(({key: most + 1}, f"asks for '{key}' of more than {most}")
      for key, most in budget.LEAST.items()),
    ({"items": {"minLength": 1e9}}, "asks for 'minLength' of more than 20000"),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "reason"), BEYOND, ids=[reason for _, reason in BEYOND])
def test_what_is_beyond_a_limit_is_named(schema: Any, reason: str) -> None:
    with pytest.raises(UnusableSchema, match=reason):
        check(schema)


@pytest.mark.parametrize("schema", [None, 5, "string", ["object"]], ids=str)
def test_a_schema_is_an_object_or_a_boolean(schema: Any) -> None:
    with pytest.raises(UnusableSchema, match="neither an object nor true or false"):
        check(schema)


def test_a_property_may_have_the_name_of_a_keyword() -> None:
    check({"properties": {"pattern": {}, "enum": {}, "minLength": {}, "patternProperties": {}}})


def test_a_clients_words_are_cut() -> None:
    assert quoted("a'b") == '"a\'b"'
    assert len(quoted("x" * 1_000)) == budget.MAX_TEXT
