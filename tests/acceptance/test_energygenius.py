"""A recommendation by the real embedded model, as a stream whose end is the whole answer."""

from typing import Any

import httpx2
import orjson
import pytest

from tests.acceptance.energygenius import check

pytestmark = [pytest.mark.anyio, pytest.mark.engine]


async def test_a_recommendation_with_live_progress(web: httpx2.AsyncClient) -> None:
    mock = (await web.get("/energygenius/api/mock-data")).json()["data"]
    request = mock["scenarios"][0]["request"]
    headers = {"accept": "text/event-stream"}
    response = await web.post("/energygenius/api/recommend", json=request, headers=headers)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/event-stream")
    events: list[tuple[str, Any]] = []
    for block in response.text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.split("\n") if line[:1] not in ("", ":"))
        if lines:
            events.append((lines["event"], orjson.loads(lines["data"])))
    stages = [(data["stage"], data["status"]) for name, data in events if name == "stage"]
    assert stages == [
        (stage, status)
        for stage in ("usage-summary", "plan-scoring", "narrative")
        for status in ("started", "finished")
    ]
    assert sum(name == "narrative" for name, _ in events) == 3
    assert events[-1][0] == "result"
    check(request, events[-1][1], seconds=120)
