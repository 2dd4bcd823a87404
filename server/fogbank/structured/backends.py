"""The back ends that constrain an engine, and what each can follow of a constraint.

What one cannot, is left out for it and verified when the answer is whole. Known from their sources
and from the runs in bench/results: xgrammar 0.2.8, outlines_core 0.2.14, llguidance 1.7.6.
"""

from typing import Any, Literal

import llguidance
import orjson

Backend = Literal["llguidance", "xgrammar", "outlines_core"]

UNSATISFIABLE = "Unsatisfiable schema"

COMPACT = {"x-guidance": {"whitespace_flexible": False}}
"""Read by llguidance wherever it is embedded: legal white space could run to max_tokens."""

MAX_GRAMMAR = 500_000
"""Symbols. llguidance's own limit, said here so that a later release cannot raise it."""

REDUCTIONS: tuple[frozenset[str], ...] = (
    frozenset(),
    frozenset({"minProperties", "maxProperties"}),
    frozenset({"minProperties", "maxProperties", "multipleOf"}),
    frozenset({"patternProperties"}),
    frozenset({"pattern", "format"}),
    frozenset({"minProperties", "maxProperties", "patternProperties", "pattern", "format"}),
    frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
    frozenset({"allOf"}),
    frozenset({"anyOf", "oneOf"}),
    frozenset({"allOf", "anyOf", "oneOf", "patternProperties", "pattern", "format",
               "minProperties", "maxProperties", "minLength", "maxLength", "minimum", "maximum",
               "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
)  # fmt: skip
"""What is left out, one after another, until the back end takes the rest."""

IGNORED: dict[str, frozenset[str]] = {
    "llguidance": frozenset(),
    "xgrammar": frozenset(
        {"multipleOf", "allOf", "patternProperties", "minProperties", "maxProperties"}
    ),
    "outlines_core": frozenset(
        {"multipleOf", "allOf", "patternProperties", "minProperties", "maxProperties",
         "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    ),
}  # fmt: skip
"""Refused by the back end, or read and not followed."""


def refusal(backend: str, schema: dict[str, Any]) -> str | None:
    """Why the back end does not take this constraint; None when it does.

    Only llguidance can be asked here; the others are asked by the engine that has them.
    """
    if backend != "llguidance":
        return None
    return grammar_refusal(llguidance.grammar_from("json_schema", text_of(backend, schema)))


def grammar_refusal(grammar: str) -> str | None:
    """Why llguidance does not take this grammar; None when it does."""
    limits = llguidance.LLParserLimits(max_grammar_size=MAX_GRAMMAR)
    wrong, messages = llguidance.LLMatcher.validate_grammar_with_warnings(
        grammar, None, limits=limits
    )
    return (messages or ["it cannot be followed"])[0] if wrong else None


def text_of(backend: str, schema: dict[str, Any]) -> str:
    """The constraint as JSON text, as the back end reads it."""
    marked = {**schema, **COMPACT} if backend == "llguidance" else schema
    return orjson.dumps(marked).decode()
