"""Sentences from analyses."""

from typing import Any

import pytest

from fogbank.deployments.esmap_api.recommendations import recommendations


def organizations(*names: str) -> dict[str, Any]:
    entities = [{"text": name, "type": "ORG", "score": 0.9} for name in names]
    return {"entities": {"result": {"entities": entities}}}


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("IEA",), "1 organization is named: follow up with IEA."),
        (("IEA", "IEA"), "1 organization is named: follow up with IEA."),
        (("IEA", "ADB"), "2 organizations are named: follow up with IEA and ADB."),
        (("A", "B", "C"), "3 organizations are named: follow up with A, B and C."),
        (tuple("ABCDE"), "5 organizations are named: follow up with A, B, C and 2 more."),
    ],
)
def test_organizations(names: tuple[str, ...], sentence: str) -> None:
    assert recommendations(organizations(*names)) == [sentence]


@pytest.mark.parametrize(
    ("inner", "count"),
    [
        ({"label": "POSITIVE", "score": 0.9}, 1),
        ({"label": "POSITIVE", "score": 0.55}, 0),
        ({"label": "NEGATIVE", "score": 0.99}, 0),
        ({"label": "POSITIVE"}, 0),
        ({}, 0),
    ],
)
def test_mood(inner: dict[str, Any], count: int) -> None:
    assert len(recommendations({"classification": {"result": inner}})) == count


def test_fallbacks_and_nothing() -> None:
    fallback = {"fallback": True, "result": {"label": "POSITIVE", "score": 1}}
    assert recommendations({"classification": fallback, "entities": fallback}) == []
    assert recommendations({}) == []
    place = {"entities": [{"type": "LOC", "text": "Kenya"}]}
    assert recommendations({"entities": {"result": place}}) == []
