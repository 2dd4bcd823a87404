"""The pages in headless Chromium: keyboard, no JavaScript, light and dark, wide and narrow."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.deployments.esmap.card import load_cards
from fogbank.settings import package_data
from fogbank.storage.keys import KeyStore
from tests.browser.chromium import browse, needs_chromium
from tests.browser.premises import premises

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_chromium]

MODELS = list(load_cards(package_data()))
FORECAST, PLANS = "/esmap-api/?form=forecast", "/energygenius/?scenario=high-usage"
PATHS = [
    *(f"/esmap/?model={model}" for model in MODELS),
    "/esmap-api/?form=analyze-text",
    FORECAST,
    PLANS,
]
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> solar </textarea>\"'&amp;"


def undisturbed(told: Any) -> None:
    """No error in the console, nothing asked of another place."""
    assert told["errors"] == []
    assert told["outside"] == []
    assert told["requests"] > 0


async def test_every_form_gives_a_result(url: str) -> None:
    told = await browse("pages.mjs", url, *PATHS)
    undisturbed(told)
    assert "label" in told["control"], "axe-core did not look"
    found: dict[str, Any] = told["found"]
    assert set(found) == set(PATHS)
    for path, seen in found.items():
        assert (seen["focus"], seen["told"]) == ("result", "The result is below."), (path, seen)
        for size in (seen["wide"], seen["narrow"]):
            assert (size["overflow"], size["violations"]) == (0, []), (path, size)
        assert seen["plain"]["results"] == 1, path
        assert "/page/" in seen["plain"]["where"], path
        assert "did not answer" not in seen["text"], (path, seen["text"])
    assert found[FORECAST]["charts"] == found[PLANS]["charts"] == 2  # wide and narrow
    assert "healthy" in found[PATHS[0]]["status"]


async def test_the_stages_of_a_recommendation_are_seen(url: str) -> None:
    told = await browse("page_cases.mjs", url, "stages")
    undisturbed(told)
    for stage in ("usage-summary", "plan-scoring", "narrative"):
        states = [state for name, state in told["seen"] if name == stage]
        assert states[-2:] == ["running", "done"], told["seen"]
    assert "without the language model" not in told["result"]
    assert "Best match" in told["result"]


async def test_a_key_is_asked_for_in_words(tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "fogbank.db")
    secret = store.create("somebody")
    store.close()
    async with premises(tmp_path, keys="always") as (_, url):
        told = await browse("page_cases.mjs", url, "key", secret)
    undisturbed(told)
    assert "Requests" not in told["before"]
    assert "asks for an API key" in told["refused"]
    assert told["focus"] == "problem"
    assert "CO₂e" in told["result"]
    assert "Requests" in told["after"]
    saved, cookies, address = told["stored"]
    assert (saved, cookies) == (0, "")
    assert secret not in address


async def test_markup_in_an_input_stays_text(url: str) -> None:
    told = await browse("page_cases.mjs", url, "hostile", HOSTILE)
    undisturbed(told)
    assert told["asked"] == []
    assert told["same"]
    assert told["scripts"] == 0
    assert told["kept"] == HOSTILE


async def test_a_mistake_stands_beside_its_field(url: str) -> None:
    told = await browse("page_cases.mjs", url, "mistake")
    undisturbed(told)
    assert told["focus"] == "mistakes"
    assert (told["kept"], told["invalid"]) == ("many", "true")
    assert "“many” is not a number" in told["beside"]
    assert "“many” is not a number" in told["summary"]
    assert told["linked"] == "energyUsageData.monthlyData.3.usage"
    assert told["mended"] == 0
