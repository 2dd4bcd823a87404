"""ESMAP's page: what is shown of each result, of mistakes, and to whom."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx2
import pytest

from fogbank.deployments.pages.page import FRAGMENT, HEADERS
from tests.deployments.pages.answers import ANSWERS, HOSTILE, whole
from tests.deployments.pages.esmap_page import EsmapPage
from tests.deployments.pages.html import Html, read

pytestmark = pytest.mark.anyio

BROWSER = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def premises() -> EsmapPage:
    return EsmapPage()


@pytest.fixture
async def web(premises: EsmapPage) -> AsyncIterator[httpx2.AsyncClient]:
    async with visiting(premises) as client:
        yield client


def visiting(app: EsmapPage) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app)
    return httpx2.AsyncClient(transport=transport, base_url="http://localhost", headers=BROWSER)


async def post(web: httpx2.AsyncClient, name: str, fields: dict[str, str]) -> httpx2.Response:
    return await web.post(
        f"/esmap/page/{name}",
        content=urlencode(fields),
        headers={"content-type": "application/x-www-form-urlencoded"},
    )


def typed(page: Html) -> dict[str, str]:
    """What a browser would send of the form as it stands."""
    return {name: value for name, value in page.fields.items() if name != "scenario"}


@pytest.mark.parametrize("name", ANSWERS)
async def test_the_example_comes_back_as_a_result(
    premises: EsmapPage, web: httpx2.AsyncClient, name: str
) -> None:
    """The form is filled with the example; posted as it is, it asks for just that."""
    empty = read((await web.get(f"/esmap/?model={name}")).text)
    assert empty.main_heading == "ESMAP AI Models"
    assert "result" not in empty.ids
    response = await post(web, name, typed(empty))
    page = read(response.text)
    assert response.status_code == 200
    assert premises.asked == [{"modelId": name, "input": ANSWERS[name][1]}]
    assert "result" in page.ids
    assert "1.0.0" in page.text
    assert typed(page) == typed(empty)


SHOWN = {
    "sentiment": ("Positive", "98.2 %", "Climate relevance", "Renewable", "Emissions"),
    "entities": ("Organization (ORG)", "Quantity (METRIC)", "unit W", "quantities"),
    "answer": ("85 GW", "87 %", "Where it stands"),
    "forecast": ("+4", "41", "90 % prediction interval", "MAE", "capacity is missing"),
    "emissions": ("6,010 kg CO₂e", "5,820 to 6,240", "IPCC 2006, volume 2", "All together"),
    "impacts": ("Economic", "Mixed", "Power costs more at first.", "180 tokens"),
    "summary": ("India plans more.", "45", "93.3 %"),
    "dispatch": ("All constraints are kept", "battery takes", "41 %", "optimal within gap 0"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_result_is_shown_for_people(web: httpx2.AsyncClient, name: str) -> None:
    example = read((await web.get(f"/esmap/?model={name}")).text)
    page = read((await post(web, name, typed(example))).text)
    for words in SHOWN[name]:
        assert words in page.text, words
    charts = {"forecast": 2, "emissions": 2, "dispatch": 6}.get(name, 0)
    assert page.tags.count("svg") == charts
    assert "modelId" in page.text  # the answer itself, as JSON


async def test_entities_and_answers_are_marked_in_their_text(web: httpx2.AsyncClient) -> None:
    html = (await post(web, "entities", {"text": ANSWERS["entities"][1]["text"]})).text
    assert '<mark class="entity e0">IRENA<b>ORG</b></mark> counts' in html
    given = ANSWERS["answer"][1]
    assert "reached <mark>85 GW</mark> of solar" in (await post(web, "answer", given)).text


async def test_text_never_becomes_markup(premises: EsmapPage, web: httpx2.AsyncClient) -> None:
    """In inputs, answers and errors alike; `read` fails for handlers and inline styles."""
    before = read((await web.get("/esmap/?model=impacts")).text).scripts
    premises.answers["impacts"] = (200, whole({"text": HOSTILE, "impacts": {HOSTILE: HOSTILE}}))
    page = read((await post(web, "impacts", {"prompt": HOSTILE})).text)
    assert page.scripts == before == 1
    assert page.fields["prompt"] == HOSTILE
    assert HOSTILE in page.text
    premises.answers["impacts"] = (429, {"success": False, "error": HOSTILE})
    refused = await post(web, "impacts", {"prompt": HOSTILE})
    assert refused.status_code == 429
    assert read(refused.text).scripts == 1
    assert HOSTILE in read(refused.text).text


async def test_every_page_has_the_policy(web: httpx2.AsyncClient) -> None:
    pages = [
        await web.get("/esmap"),
        await web.get("/esmap/"),
        await web.get("/esmap/page/status"),
        await post(web, "summary", {"text": "x"}),
    ]
    for page in pages:
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        for name, value in HEADERS.items():
            assert page.headers[name] == value
    policy = HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert "http" not in policy


async def test_all_links_stay_at_the_mount(web: httpx2.AsyncClient) -> None:
    for url in ("/esmap", "/esmap/?model=dispatch"):
        page = read((await web.get(url)).text)
        assert all(each.startswith(("/esmap/", "#")) for each in page.links), page.links
        files = [each for each in page.links if "/static/" in each]
        assert len(files) == 3
        for link in files:
            assert (await web.get(link)).status_code == 200


async def test_at_a_host_of_its_own_links_begin_at_the_root() -> None:
    async with visiting(EsmapPage(mount="")) as web:
        page = read((await web.get("/?model=summary")).text)
        assert "/page/summary" in page.links
        assert "/?model=dispatch" in page.links
        for link in page.links:
            if not link.startswith("#") and "/page/" not in link:
                assert (await web.get(link)).status_code == 200


async def test_files_are_kept_by_browsers_until_they_change(web: httpx2.AsyncClient) -> None:
    page = read((await web.get("/esmap")).text)
    style = next(each for each in page.links if ".css" in each)
    first = await web.get(style)
    assert "immutable" in first.headers["cache-control"]
    assert first.headers["content-type"].startswith("text/css")
    again = await web.get(style, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = await web.get(style.partition("?")[0])
    assert plain.headers["cache-control"] == "no-cache"
    for missing in ("/esmap/static/none.css", "/esmap/static/..%2fpage.py"):
        assert (await web.get(missing)).status_code == 404


async def test_a_mistake_keeps_what_was_typed(premises: EsmapPage, web: httpx2.AsyncClient) -> None:
    sent = {"features.historicalGeneration": "1, two", "features.cloudCover": "20"}
    response = await post(web, "forecast", sent)
    page = read(response.text)
    assert response.status_code == 400
    assert premises.asked == []
    assert {name: page.fields[name] for name in sent} == sent
    assert "f-features-historicalGeneration-error" in page.ids
    assert "mistakes" in page.ids


async def test_what_the_api_refuses_stands_at_the_field(
    premises: EsmapPage, web: httpx2.AsyncClient
) -> None:
    details = {"type": "INVALID_INPUT", "message": "Input must contain a text field"}
    premises.answers["summary"] = (400, {"success": False, "error": "Bad", "details": details})
    page = read((await post(web, "summary", {"text": "", "maxLength": "20"})).text)
    assert "f-text-error" in page.ids
    assert details["message"] in page.text


async def test_a_fallback_says_what_it_is(premises: EsmapPage, web: httpx2.AsyncClient) -> None:
    inner = {"message": "Model temporarily unavailable", "fallback": True}
    result = {"modelId": "dispatch", "error": "Inference timeout", "fallback": True}
    premises.answers["dispatch"] = (200, {"success": True, "result": {**result, "result": inner}})
    page = read((await post(web, "dispatch", {})).text)
    assert "The model did not answer." in page.text
    assert "Inference timeout" in page.text


async def test_an_answer_of_another_shape_is_shown_too(
    premises: EsmapPage, web: httpx2.AsyncClient
) -> None:
    premises.answers["dispatch"] = (200, whole({"my_key": [1, 2], "other": {"a": None}}))
    page = read((await post(web, "dispatch", {})).text)
    assert "My key" in page.text
    assert "1, 2" in page.text


async def test_a_script_gets_only_what_changed(web: httpx2.AsyncClient) -> None:
    response = await web.post("/esmap/page/summary", content=b"text=x", headers={FRAGMENT: "1"})
    assert "<html" not in response.text
    assert 'id="result"' in response.text


async def test_the_overview_is_for_those_who_may_see_it(web: httpx2.AsyncClient) -> None:
    seen = read((await web.get("/esmap")).text).text
    for words in ("healthy", "8 of 8", "12,345", "678", "21.5 ms", "48.2 ms", "60 minutes"):
        assert words in seen
    async with visiting(EsmapPage(admitted=False)) as stranger:
        hidden = read((await stranger.get("/esmap")).text)
    assert "12,345" not in hidden.text
    assert "who have an API key" in hidden.text
    assert "f-text" in hidden.ids


async def test_a_posted_form_s_address_can_be_opened(web: httpx2.AsyncClient) -> None:
    response = await web.get("/esmap/page/summary")
    assert response.status_code == 303
    assert response.headers["location"] == "/esmap/?model=summary"
    assert (await post(web, "none", {})).status_code == 404


async def test_a_form_has_a_limit(web: httpx2.AsyncClient) -> None:
    response = await post(web, "summary", {"text": "x" * 1_100_000})
    assert response.status_code == 413
    assert "more than this page takes" in response.text


async def test_a_stand_in_is_named(premises: EsmapPage, web: httpx2.AsyncClient) -> None:
    page = read((await post(web, "summary", {"text": "x"})).text)
    assert "stand-in" not in page.text
    premises.served_by = "a small one"
    page = read((await post(web, "summary", {"text": "x"})).text)
    assert "Answered by a stand-in for the model of that name: a small one." in page.text
