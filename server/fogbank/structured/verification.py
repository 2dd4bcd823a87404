"""Whether a finished answer is what was asked for, by a validator that knows no engine."""

from typing import Any

import jsonschema_rs
import orjson

from fogbank.structured.budget import MAX_TEXT, UnusableSchema

MAX_DEPTH = 100
"""Levels of an answer: orjson writes 254, what stands around it included."""

_FANCY = jsonschema_rs.FancyRegexOptions(backtrack_limit=10_000, size_limit=2_000_000)
_LINEAR = jsonschema_rs.RegexOptions(size_limit=2_000_000)


class Verifier:
    """Holds values against a JSON Schema, formats included. Raises UnusableSchema.

    `linear` is for regular expressions that must not look around and back.
    """

    def __init__(self, schema: Any, *, linear: bool = False) -> None:
        try:
            self._validator = jsonschema_rs.validator_for(
                schema,
                validate_formats=True,
                retriever=_nothing,
                pattern_options=_LINEAR if linear else _FANCY,
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
