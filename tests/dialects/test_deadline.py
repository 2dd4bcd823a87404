"""Whose deadline counts: the setting's, or the header's within its maximum (decisions.md 11)."""

from pathlib import Path

import pytest

from fogbank.dialects.intake import context
from tests.server import settings

ASKED: dict[str, tuple[bytes | None, float]] = {
    "nothing asked": (None, 120),
    "shorter": (b"1.5", 1.5),
    "longer": (b"600", 600),
    "above the maximum": (b"100000", 900),
    "no number": (b"soon", 120),
    "none at all": (b"0", 120),
}


@pytest.mark.contract("decision 11")
@pytest.mark.parametrize("row", ASKED, ids=ASKED)
def test_a_deadline_with(row: str, tmp_path: Path) -> None:
    value, expected = ASKED[row]
    headers = [] if value is None else [(b"x-fogbank-deadline", value)]
    scope = {"type": "http", "path": "/", "headers": headers}
    assert context(scope, settings(tmp_path)).deadline == expected
