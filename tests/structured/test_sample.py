"""Schemas that people wrote, with values that are valid and values that are not.

The sample (`shared/data/jsonschemabench-sample.jsonl`, drawn from JSONSchemaBench) is no part of
this repository: it is looked for in `shared` beside or below it.
"""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from fogbank.structured.budget import UnusableSchema
from fogbank.structured.narrowing import Bounds
from fogbank.structured.preparation import Preparation, prepare_schema
from fogbank.structured.verification import Verifier
from tests.structured.constrained import accepts, compact
from tests.structured.ordering import orders

ROOT = Path(__file__).parents[2]
NAME = "shared/data/jsonschemabench-sample.jsonl"
PLACES = [place for folder in (ROOT, ROOT.parent) if (place := folder / NAME).is_file()]
MISLABELLED = {"Github_easy---o73983"}
"""Where the sample itself is wrong about which values are valid."""

pytestmark = pytest.mark.skipif(not PLACES, reason=f"no {NAME} beside this checkout")

Row = dict[str, Any]


@cache
def rows() -> list[Row]:
    lines = PLACES[0].read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@cache
def prepared() -> tuple[dict[str, Preparation], dict[str, str]]:
    """By id: what was made ready, and why the others were refused."""
    made: dict[str, Preparation] = {}
    refused: dict[str, str] = {}
    for row in rows():
        try:
            made[row["id"]] = prepare_schema(row["schema"], "llguidance", [Bounds()])
        except UnusableSchema as error:
            refused[row["id"]] = str(error)
    return made, refused


def is_schema(schema: Any) -> bool:
    try:
        jsonschema_rs.validator_for(schema, validate_formats=True)
    except ValueError:
        return False
    return True


def can_be_written(value: Any, made: Preparation) -> bool:
    constraint = json.loads(made.constraints[0])
    return any(
        accepts(made.constraints[0], compact(ordered)) for ordered in orders(value, constraint)
    )


def test_nearly_every_schema_is_taken() -> None:
    schemas = {row["id"] for row in rows() if is_schema(row["schema"])}
    _, refused = prepared()
    reasons = Counter(reason for name, reason in refused.items() if name in schemas)
    print(f"refused {reasons.total()} of {len(schemas)}: {reasons.most_common()}")
    assert reasons.total() <= 0.05 * len(schemas)


def test_the_verifier_tells_valid_values_from_others() -> None:
    wrong = []
    for row in rows():
        if row["id"] in MISLABELLED:
            continue
        verifier = Verifier(row["schema"])
        for test in row["tests"]:
            if (verifier.problem_of(test["data"]) is None) is not test["valid"]:
                wrong.append((row["id"], test["valid"], verifier.problem_of(test["data"])))
    assert wrong == []


def test_every_valid_value_can_be_written() -> None:
    made, _ = prepared()
    missed = [
        (row["id"], compact(test["data"])[:100])
        for row in rows()
        if row["id"] in made and row["id"] not in MISLABELLED
        for test in row["tests"]
        if test["valid"] and not can_be_written(test["data"], made[row["id"]])
    ]
    assert missed == []
