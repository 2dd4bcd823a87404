"""examples/tools: calls that are made, fail, and are not made."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest

from fogbank.engines.base import EngineRefused
from tests.workers.catalogue_server import CatalogueServer
from tests.workers.example_workers import example
from tests.workers.tools import needs_workers

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]


@pytest.fixture(scope="module")
async def tools(
    server: CatalogueServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx2.AsyncClient]:
    async with example("tools", server.url, tmp_path_factory.mktemp("tools")) as client:
        yield client


def call(name: str, **parameters: Any) -> str:
    """How the fake engine makes a call."""
    return json.dumps({"name": name, "parameters": parameters})


@pytest.mark.parametrize(
    ("made", "result"),
    [
        (call("calculate", expression="2 + 3 * -(4 - 1.5) / 5"), {"result": 0.5}),
        (call("calculate", expression="2 +"), {"error": "2 + is not arithmetic"}),
        (call("calculate", expression="fetch(1)"), {"error": "fetch(1) is not arithmetic"}),
        (call("calculate", expression="(1"), {"error": "a bracket is not closed in (1"}),
        (call("calculate", expression="1 / 0"), {"error": "1 / 0 has no value"}),
        (call("days_between", **{"from": "2024-02-28", "to": "2024-03-01"}), {"result": 2}),
        (
            call("days_between", **{"from": "2025-02-30", "to": "2025-03-01"}),
            {"error": "2025-02-30 is not a date of the form YYYY-MM-DD"},
        ),
        (
            call("days_between", **{"from": "2024-05", "to": "2024-05-09"}),
            {"error": "2024-05 is not a date of the form YYYY-MM-DD"},
        ),
    ],
)
async def test_tools(
    tools: httpx2.AsyncClient, server: CatalogueServer, made: str, result: dict[str, Any]
) -> None:
    """What is called runs in the Worker, and the model is told what came of it."""
    server.script.lines.extend([made, "So it is."])
    answer = (await tools.post("/", content="Please compute it")).json()
    assert answer["answer"] == "So it is."
    wanted = json.loads(made)
    assert answer["calls"] == [
        {"name": wanted["name"], "arguments": wanted["parameters"], **result}
    ]
    first, second = server.asked[-2:]
    assert [tool.name for tool in first.tools] == ["calculate", "days_between"]
    assert not second.tools
    *_, turn = second.messages or ()
    assert (turn["role"], turn["name"]) == ("tool", wanted["name"])
    assert json.loads(turn["content"]) == result.get("result", result)


async def test_tools_that_are_not_called(
    tools: httpx2.AsyncClient, server: CatalogueServer
) -> None:
    """Whatever the model says instead is the answer, and says that nothing was computed."""
    for said in ("Hello!", '{"name":"launch"}', '{"name": "calcu'):
        server.script.lines.append(said)
        answer = (await tools.post("/", content="Hello")).json()
        assert answer == {"answer": said, "calls": []}


async def test_several_tools_at_once(tools: httpx2.AsyncClient, server: CatalogueServer) -> None:
    both = f"{call('calculate', expression='6 * 7')}; {call('calculate', expression='1 + 1')}"
    server.script.lines.extend([both, "42 and 2"])
    answer = (await tools.post("/", content="Both")).json()
    assert [made["result"] for made in answer["calls"]] == [42, 2]
    assert answer["answer"] == "42 and 2"


async def test_tools_refuse(tools: httpx2.AsyncClient, server: CatalogueServer) -> None:
    assert (await tools.get("/")).status_code == 405
    assert (await tools.post("/", content="")).status_code == 400
    server.engine.fail_next(EngineRefused("it will not"))
    answer = await tools.post("/", content="Hello")
    assert answer.status_code == 502
    assert "it will not" in answer.json()["error"]
