"""Whether a finished answer is what was asked for, by a validator that knows no engine."""

from functools import cache
from typing import Any

import jsonschema_rs
import llguidance
import orjson

from fogbank.structured.budget import MAX_TEXT, UnusableSchema

MAX_DEPTH = 100
"""Levels of an answer: orjson writes 254, what stands around it included."""

_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000, size_limit=2_000_000)


class Verifier:
    """Holds values against a JSON Schema, formats included. Raises UnusableSchema."""

    def __init__(self, schema: Any) -> None:
        try:
            self._validator = jsonschema_rs.validator_for(
                schema,
                validate_formats=True,
                retriever=_nothing,
                pattern_options=_PATTERNS,
            )
        except UnusableSchema:
            raise
        except (ValueError, TypeError) as error:
            said = str(error).strip().partition("\n")[0][:MAX_TEXT]
            raise UnusableSchema(f"is no JSON Schema: {said}") from error

    def problem(self, text: str) -> str | None:
        """Why this text is not an answer; None when it is one."""
        if is_deep(text):
            return f"it is nested deeper than {MAX_DEPTH} levels"
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return "it is not JSON"
        return self.problem_of(value)

    def problem_of(self, value: Any) -> str | None:
        """The same of a value."""
        try:
            self._validator.validate(value)  # ends at the first error; iter_errors makes all
        except jsonschema_rs.ValidationError as error:
            return str(error.message)[:MAX_TEXT]
        except (ValueError, OverflowError) as error:
            return str(error)[:MAX_TEXT]
        return None


class RegexVerifier:
    """Holds texts against a regular expression, as llguidance reads it: from end to end."""

    def __init__(self, pattern: str) -> None:
        self._grammar = llguidance.grammar_from("regex", pattern)

    def problem(self, text: str) -> str | None:
        """Why this text does not match; None when it does."""
        tokenizer = _bytes()
        matcher = llguidance.LLMatcher(tokenizer, self._grammar, log_level=0)
        tokens = tokenizer.tokenize_bytes(text.encode())
        whole = matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()
        return None if whole else "it does not match the regex"


@cache
def _bytes() -> llguidance.LLTokenizer:
    return llguidance.LLTokenizer("byte")


def _nothing(uri: str) -> Any:
    raise UnusableSchema(f"refers to {uri[:MAX_TEXT]!r}: nothing is fetched")


def is_deep(text: str) -> bool:
    """Whether JSON text may be nested too deeply; brackets within its strings count too."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    depth = deepest = 0
    for character in text:
        depth += (character in "{[") - (character in "}]")
        deepest = max(depth, deepest)
    return deepest > MAX_DEPTH
