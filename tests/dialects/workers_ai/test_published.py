"""The verdict of the run endpoint's schemas agrees with Cloudflare's published ones.

Those are Cloudflare's text and not part of this repository: looked for in `shared/contract/models`
beside or inside the checkout, skipped where there are none. `oneOf` is read as "at least one".
"""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings

from fogbank.catalog.loader import load_catalog
from fogbank.dialects.workers_ai.schemas import load_schemas
from fogbank.dialects.workers_ai.validation_compile import ANY_TYPE, OCTETS
from fogbank.settings import package_data
from tests.dialects.workers_ai.test_validation_verdict import near

ROOT = Path(__file__).parents[3]
PLACES = [place / "shared" / "contract" / "models" for place in (ROOT, ROOT.parent)]
FILES = sorted(file for place in PLACES for file in place.glob("*.json"))
SCHEMAS = load_schemas(package_data(), None)
CATALOG = load_catalog(package_data(), None)

pytestmark = pytest.mark.skipif(not FILES, reason="no published schemas beside this checkout")


def at_least_one(schema: Any) -> Any:
    """`oneOf` as `anyOf`, and what the published schemas mean but do not say.

    The branch for batches needs its `requests`, or `{}` would be valid; what has properties is an
    object; raw bytes are no JSON value.
    """
    if isinstance(schema, list):
        return [at_least_one(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "binary":
        return False
    read = {"anyOf" if key == "oneOf" else key: at_least_one(item) for key, item in schema.items()}
    if "requests" in read.get("properties", {}) and "required" not in read:
        read["required"] = ["requests"]
    return {"type": "object", **read} if "properties" in read else read


@pytest.mark.contract("2.3", "3.1", "4")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_verdicts_agree(file: Path) -> None:
    published = json.loads(file.read_text(encoding="utf-8"))
    card = CATALOG.resolve(published["name"])
    assert card, f"no card for {published['name']}"
    ours = SCHEMAS[card.input]
    document = published["schema"]["input"]
    theirs = jsonschema_rs.validator_for(at_least_one(document))

    wider = any(flag in json.dumps(ours.document) for flag in (OCTETS, ANY_TYPE))

    @settings(max_examples=40, deadline=None, database=None, derandomize=True)
    @given(near(document))
    def agree(value: Any) -> None:
        taken = ours.validate(value) == []
        if theirs.is_valid(value):
            assert taken, value
        elif taken:
            assert wider or value["raw"] in ("true", "false"), f"published as wrong: {value}"

    agree()
