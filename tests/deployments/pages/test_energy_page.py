"""EnergyGenius's page: the form, the plans, the progress of the stages."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from tests.deployments.energygenius.genius import genius
from tests.deployments.pages.html import Html, read
from tests.server import Running, live, until

pytestmark = pytest.mark.anyio

BROWSER = {"accept": "text/html"}
FORM = {"content-type": "application/x-www-form-urlencoded", **BROWSER}
PAGE, POSTED = "/energygenius", "/energygenius/page/recommend"


async def filled(server: Running, scenario: str = "high-usage") -> dict[str, str]:
    """What a browser sends of a scenario's form."""
    response = await server.client.get(f"{PAGE}/?scenario={scenario}", headers=BROWSER)
    return {name: value for name, value in read(response.text).fields.items() if name != "scenario"}


async def post(server: Running, fields: dict[str, str], **headers: str) -> Any:
    return await server.client.post(POSTED, content=urlencode(fields), headers={**FORM, **headers})


def happened(text: str) -> list[tuple[str, Any]]:
    """Name and data of the events of a stream."""
    found = []
    for block in filter(None, text.split("\n\n")):
        if not block.startswith(":"):
            event, data = block.split("\n")
            found.append((event.removeprefix("event: "), orjson.loads(data.removeprefix("data: "))))
    return found


@pytest.mark.parametrize(
    "scenario", ["high-usage", "low-usage", "variable", "budget-conscious", "renewable"]
)
async def test_a_scenario_fills_the_form_and_gives_plans(tmp_path: Path, scenario: str) -> None:
    async with genius(tmp_path) as server:
        known = (await server.get(f"{PAGE}/api/mock-data"))["data"]["scenarios"]
        names = [each["id"] for each in known]
        chosen = next(each for each in names if each.startswith(scenario.split("-")[0]))
        fields = await filled(server, chosen)
        page = read((await post(server, fields)).text)
    assert len(names) == 5
    assert fields["energyUsageData.monthlyData.11.month"] == "December"
    assert "result" in page.ids
    assert "Best match" in page.text
    assert "Current plan" in page.text
    assert "Sample plans." in page.text
    assert page.tags.count("svg") == 2
    assert page.fields.items() >= fields.items()


async def test_the_stages_come_as_events_and_the_page_last(tmp_path: Path) -> None:
    async with genius(tmp_path) as server:
        fields = await filled(server)
        response = await post(server, fields, accept="text/event-stream, text/html")
    assert response.headers["content-type"].startswith("text/event-stream")
    *stages, (name, last) = happened(response.text)
    assert [(event, data["stage"], data["state"]) for event, data in stages] == [
        ("stage", stage, state)
        for stage in ("usage-summary", "plan-scoring", "narrative")
        for state in ("running", "done")
    ]
    assert all(data["title"] and data["detail"] for _, data in stages)
    assert name == "page"
    page: Html = read(last["html"])
    assert "result" in page.ids
    assert page.fields.items() >= fields.items()


async def test_without_streams_the_page_comes_at_once(tmp_path: Path) -> None:
    async with genius(tmp_path, enable_sse=False) as server:
        fields = await filled(server)
        response = await post(server, fields, accept="text/event-stream, text/html")
    assert response.headers["content-type"].startswith("text/html")
    assert "result" in read(response.text).ids


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream, text/html"])
async def test_what_the_api_refuses_is_told(tmp_path: Path, accept: str) -> None:
    async with genius(tmp_path) as server:
        fields = await filled(server)
        fields |= dict.fromkeys([each for each in fields if ".monthlyData.11." in each], "")
        response = await post(server, fields, accept=accept)
        page = read(response.text)
    assert response.status_code == 400
    assert response.headers["content-type"].startswith("text/html")
    assert "mistakes" in page.ids
    assert "12" in page.text
    assert page.fields["energyUsageData.monthlyData.0.usage"] == "2180"


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream"])
async def test_who_leaves_the_page_stops_the_work(
    tmp_path: Path, accept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with genius(tmp_path) as server:
        content = urlencode(await filled(server)).encode()
        server.engine.stall()
        async with live(server.server) as url:
            host, port = url.removeprefix("http://").split(":")
            _, writer = await asyncio.open_connection(host, int(port))
            head = (
                f"POST {POSTED} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n"
                f"Content-Type: {FORM['content-type']}\r\nContent-Length: {len(content)}\r\n\r\n"
            )
            writer.write(head.encode() + content)
            await writer.drain()
            await until(lambda: server.engine.running == 1)
            writer.close()
            await until(lambda: server.engine.running == 0)
            assert server.engine.aborted == 1
    assert "request failed" not in capsys.readouterr().out
