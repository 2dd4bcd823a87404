"""What is kept of a large body while the engine works."""

import asyncio
import gc

import pytest

from tests.server import ACCOUNT, RUN, SPEECH, Running, until

pytestmark = pytest.mark.anyio
COUNT = 123_457
ROUTES = {
    "rest": (RUN + SPEECH, {"audio": [7] * COUNT}),
    "binding": ("/run?version=3", {"inputs": {"audio": [7] * COUNT}}),
    "gateway": (f"/v1/{ACCOUNT}/mine/workers-ai/{SPEECH}", {"audio": [7] * COUNT}),
    "binding's gateway": (
        "/ai-gateway/run?version=3",
        {"inputs": {"audio": [7] * COUNT}, "options": {"gateway": {"id": "mine"}}},
    ),
}


@pytest.mark.parametrize("name", ROUTES)
async def test_the_numbers_of_a_file_are_not_kept(fogbank: Running, name: str) -> None:
    """They are eight times as large as the file."""
    path, body = ROUTES[name]
    engine = fogbank.builder.built["speech"][-1]
    engine.stall()
    before = lists()
    headers = {"cf-consn-model-id": SPEECH}
    answer = asyncio.create_task(fogbank.client.post(path, json=body, headers=headers))
    await until(lambda: engine.running == 1)
    assert lists() == before
    engine.release()
    assert (await answer).status_code == 200


def lists() -> int:
    """How many lists there are of as many numbers."""
    return sum(1 for item in gc.get_objects() if type(item) is list and len(item) == COUNT)
