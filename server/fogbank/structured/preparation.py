"""A format made ready: budget, constraints from the widest to the narrowest, size of an answer.

Runs in the process that may be killed (`examiner`); its input and output are JSON.
"""

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import llguidance
import orjson

from fogbank.structured import backends, budget
from fogbank.structured.budget import MAX_TEXT, UnusableSchema
from fogbank.structured.constraint import build
from fogbank.structured.expansion import is_recursive
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.structured.nullable import with_nulls
from fogbank.structured.shortest import MANY, shortest
from fogbank.structured.verification import Verifier

ANY_JSON = {"type": ["object", "array"]}
MAX_REGEX = 1_000


@dataclass(frozen=True, slots=True)
class Preparation:
    """`constraints` are narrower and narrower; `checked` is the schema that answers are verified
    with, None for the one that was sent; `shortest` is in characters.
    """

    constraints: tuple[str, ...]
    after: tuple[str, ...]
    recursive: bool
    shortest: int
    checked: Any = None


def prepare_schema(schema: Any, backend: str, levels: Iterable[Bounds]) -> Preparation:
    """Of a JSON Schema, for each level of bounds. Raises UnusableSchema.

    A bounded constraint that its back end refuses, or that no value fits, is left out; where none
    is left, the one without bounds stands.
    """
    budget.check(schema)
    checked = with_nulls(schema)
    recursive = is_recursive(checked)
    Verifier(checked)
    widest, after, reduced = _followed(checked, backend, NO_BOUNDS)
    if shortest(widest) >= MANY:
        raise UnusableSchema("allows no value that comes to an end")
    texts: list[str] = []
    for bounds in levels:
        with contextlib.suppress(UnusableSchema):
            built, _, _ = _followed(checked, backend, bounds, reduced)
            if (text := backends.text_of(backend, built)) not in texts:
                texts.append(text)
    return Preparation(
        tuple(texts or [backends.text_of(backend, widest)]),
        tuple(sorted(after)),
        recursive,
        shortest(widest),
        None if checked is schema else checked,
    )


def _followed(
    schema: Any, backend: str, bounds: Bounds, most: int = len(backends.REDUCTIONS) - 1
) -> tuple[dict[str, Any], frozenset[str], int]:
    """The constraint that the back end takes, what was left out of it, and the reduction (up to
    `most`) that this needed.
    """
    said = ""
    for number, reduction in enumerate(backends.REDUCTIONS[: most + 1]):
        built = build(schema, bounds, backends.IGNORED.get(backend, frozenset()) | reduction)
        refused = backends.refusal(backend, built.schema)
        if refused is None:
            return built.schema, built.after, number
        said = refused.strip().partition("\n")[0][:MAX_TEXT]
        if refused.startswith(backends.UNSATISFIABLE) and "Properties" not in said:
            # It counts properties by name only; what patterns allow does not count for it.
            reason = said.removeprefix(backends.UNSATISFIABLE).strip(": ")
            raise UnusableSchema(f"allows no value: {reason}")
    raise UnusableSchema(f"cannot be followed: {said}")


def prepare_regex(pattern: str, backend: str) -> Preparation:
    """Of a regular expression. Raises UnusableSchema, whose text reads on after "the regex"."""
    if len(pattern) > MAX_REGEX:
        raise UnusableSchema(f"has more than {MAX_REGEX} characters")
    if refused := backends.grammar_refusal(llguidance.grammar_from("regex", pattern)):
        told = re.search(r"error: (.+)", refused)
        raise UnusableSchema(
            f"cannot be followed: {told[1] if told else refused.partition(chr(10))[0]}"
        )
    return Preparation((pattern,), (), False, 0)


def either(choices: Iterable[str]) -> str:
    """The pattern of a text that is one of these."""
    return "|".join(re.escape(choice) for choice in choices)


def answer(job: Mapping[str, Any]) -> dict[str, Any]:
    """One job of the examiner: `schema` (as text) or `regex`, `backend`, `levels`; or `verify`."""
    try:
        if "verify" in job:
            return {"problem": Verifier(orjson.loads(job["schema"])).problem(job["verify"])}
        if "regex" in job:
            made = prepare_regex(job["regex"], job["backend"])
        else:
            levels = [Bounds(*level) for level in job["levels"]]
            made = prepare_schema(orjson.loads(job["schema"]), job["backend"], levels)
    except UnusableSchema as error:
        return {"refused": str(error)}
    except (RecursionError, MemoryError):
        return {"refused": "is too deep or too large to be read"}
    except Exception as error:  # no schema may end the process that looks at it
        return {"refused": f"cannot be read: {type(error).__name__}: {error}"[:MAX_TEXT]}
    return {
        "constraints": made.constraints,
        "after": made.after,
        "recursive": made.recursive,
        "shortest": made.shortest,
        "checked": made.checked,
    }
