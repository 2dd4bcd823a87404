"""docs/contract.md and docs/compatibility.md say what the tests show."""

import re

from tests.contract_table import PAGE, SECTIONS, TESTS, files, marked, page

COMPATIBILITY = PAGE.with_name("compatibility.md")


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.contract_table"


def test_every_section_has_a_test() -> None:
    """Sections of the contract, decisions where it is open, and what clients trip over."""
    found = {shown.section for path in files() for shown in marked(path)}
    assert found == set(SECTIONS)


def test_every_test_that_is_linked_exists() -> None:
    text = COMPATIBILITY.read_text(encoding="utf-8")
    links = re.findall(r"\[(\w+)\]\(\.\./(tests/[\w/]+\.py)\)", text)
    assert len(links) > 30
    for name, file in links:
        source = (TESTS.parent / file).read_text(encoding="utf-8")
        assert re.search(rf"def test_{name}\b", source), f"{file} has no test_{name}"


def test_every_row_is_linked() -> None:
    rows = [
        line for line in COMPATIBILITY.read_text(encoding="utf-8").splitlines() if line[:2] == "| "
    ]
    for row in rows:
        if "---" not in row and "Shown by" not in row:
            assert "](../tests/" in row or "](decisions/" in row, row
