"""What an engine writes by chance under a constraint is of the schema, whatever the schema."""

import json
import re
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.narrowing import Bounds
from fogbank.structured.preparation import Preparation, prepare_schema
from fogbank.structured.verification import Verifier
from tests.structured.constrained import written
from tests.structured.family import documents

LEVELS = [Bounds(), Bounds(200, 10), Bounds(80, 3, terse=True), Bounds(24, 1, terse=True)]
WALKS = 3


def prepared(schema: Any) -> Preparation:
    try:
        return prepare_schema(schema, "llguidance", LEVELS)
    except UnusableSchema:
        assume(False)
        raise


def is_plain(text: str) -> bool:
    """Without what no model writes: a property twice, or a number that a double does not hold."""
    twice: list[bool] = []

    def pairs(found: list[tuple[str, Any]]) -> None:
        twice.append(len(found) != len(dict(found)))

    json.loads(text, object_pairs_hook=pairs)
    return not any(twice) and not re.search(r"\d{16}", text)


def problems(schema: Any, made: Preparation, seed: int) -> list[tuple[str, str, str]]:
    """Of every level: the constraint, what was written under it, and what is wrong with that."""
    verifier = Verifier(schema if made.checked is None else made.checked)
    found = []
    for constraint in made.constraints:
        for number in range(WALKS):
            text = written(constraint, seed + number)
            if text is not None and is_plain(text) and (problem := verifier.problem(text)):
                found.append((constraint, text, problem))
    return found


@settings(deadline=None, derandomize=True, database=None, max_examples=200)
@given(documents(), st.integers(0, 1_000))
def test_what_is_written_is_valid_or_known_to_be_looked_at_afterwards(
    schema: Any, seed: int
) -> None:
    made = prepared(schema)
    assert made.after or problems(schema, made, seed) == []
