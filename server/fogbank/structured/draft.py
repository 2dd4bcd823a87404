"""Which draft of JSON Schema a schema is written in."""

from collections.abc import Mapping
from typing import Any

NEWEST = 2020
DRAFTS = {"draft-03": 4, "draft-04": 4, "draft-06": 6, "draft-07": 7, "2019-09": 2019}


def draft_of(schema: Any) -> int:
    """4, 6, 7, 2019 or 2020, by `$schema`; the newest where it says nothing that is known."""
    named = str(schema.get("$schema", "")) if isinstance(schema, Mapping) else ""
    return next((draft for mark, draft in DRAFTS.items() if mark in named), NEWEST)
