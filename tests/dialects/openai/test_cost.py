"""What an answer of the compatible routes costs, told and written down (contract 1.2, 7)."""

from typing import Any

import orjson
import pytest

from fogbank.catalog.card import Card
from fogbank.runtime.context import Context
from fogbank.runtime.meter import Record
from fogbank.tasks import Usage
from tests.server import EMBED, TEXT, Running, events

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.2", "1.6")]
SAID = [{"role": "user", "content": "one two three"}]
BODIES: dict[str, dict[str, Any]] = {
    "chat/completions": {"model": TEXT, "messages": SAID},
    "completions": {"model": TEXT, "prompt": "one two three"},
    "embeddings": {"model": EMBED, "input": "one two three"},
    "responses": {"model": TEXT, "input": "one two three"},
    "messages": {"model": TEXT, "messages": SAID, "max_tokens": 9},
}


class Meter:
    """A neuron a token; keeps what is written down."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def admit(self, context: Context) -> None:
        return

    def neurons(self, card: Card, usage: Usage) -> float | None:
        return float(usage.prompt_tokens + usage.completion_tokens)

    def record(self, record: Record) -> None:
        self.records.append(record)


@pytest.fixture
def meter(fogbank: Running) -> Meter:
    meter = Meter()
    fogbank.server.runtime.meter = meter
    return meter


@pytest.mark.parametrize("route", BODIES)
async def test_neurons_of_a_whole_answer(fogbank: Running, meter: Meter, route: str) -> None:
    response = await fogbank.client.post(f"/v1/{route}", json=BODIES[route])
    usage = response.json()["usage"]
    assert usage["prompt_tokens_details"] == {"cached_tokens": 0}
    assert response.headers["cf-ai-neurons"] == f"{usage['neurons']:.2f}"
    assert usage["neurons"] >= 3


@pytest.mark.parametrize("route", sorted(BODIES.keys() - {"embeddings"}))
async def test_neurons_of_a_stream(fogbank: Running, meter: Meter, route: str) -> None:
    response = await fogbank.client.post(f"/v1/{route}", json=BODIES[route] | {"stream": True})
    assert "cf-ai-neurons" not in response.headers
    told = [line for line in response.text.splitlines() if '"neurons":' in line]
    assert len(told) == 1
    usage = str(orjson.loads(told[0].removeprefix("data: ")))
    assert "'neurons': " in usage


@pytest.mark.parametrize("stream", [False, True])
async def test_several_answers_pay_for_their_prompt_once(
    fogbank: Running, meter: Meter, stream: bool
) -> None:
    """What is told is what is written down."""
    body = BODIES["chat/completions"] | {"n": 3, "stream": stream}
    response = await fogbank.client.post("/v1/chat/completions", json=body)
    answer = orjson.loads(events(response.text)[-2] if stream else response.content)
    assert answer["usage"]["neurons"] == 4 + 3 * 3
    assert sorted(record.usage.prompt_tokens for record in meter.records) == [0, 0, 4]
    assert sum(record.usage.completion_tokens for record in meter.records) == 9
    assert len({record.context.request_id for record in meter.records}) == 3
    assert {record.context.dialect for record in meter.records} == {"openai"}


async def test_several_prompts_are_all_paid_for(fogbank: Running, meter: Meter) -> None:
    body = {"model": TEXT, "prompt": ["a b", "c d e"], "n": 2}
    answer = (await fogbank.client.post("/v1/completions", json=body)).json()
    assert answer["usage"]["neurons"] == 5 + 10
    assert sorted(record.usage.prompt_tokens for record in meter.records) == [0, 0, 2, 3]
