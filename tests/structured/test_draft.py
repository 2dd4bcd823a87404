"""Which draft a schema is written in."""

from typing import Any

import pytest

from fogbank.structured.draft import draft_of

URLS = {
    "http://json-schema.org/draft-03/schema#": 4,
    "http://json-schema.org/draft-04/schema#": 4,
    "http://json-schema.org/draft-06/schema": 6,
    "http://json-schema.org/draft-07/schema#": 7,
    "https://json-schema.org/draft/2019-09/schema": 2019,
    "https://json-schema.org/draft/2020-12/schema": 2020,
    "https://example.com/another": 2020,
    "": 2020,
}


@pytest.mark.parametrize(("url", "draft"), URLS.items())
def test_by_its_address(url: str, draft: int) -> None:
    assert draft_of({"$schema": url}) == draft


@pytest.mark.parametrize("schema", [{}, True, None, {"$schema": 7}, ["draft-07"]], ids=str)
def test_the_newest_where_nothing_is_said(schema: Any) -> None:
    assert draft_of(schema) == 2020
