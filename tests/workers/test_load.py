"""Large inputs, large answers and many calls at once, each answered or refused by the contract."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import pytest

from fogbank.catalog.profile import Profile
from fogbank.engines.fake_answers import echo
from tests.server import EMBED, SPEECH, TEXT, profile, settings, until
from tests.workers.places import Place, settled
from tests.workers.tools import needs_workers
from tests.workers.worlds import PRELOADED, WORKERD, World, under

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
MB = 1_000_000
RUNNING, WAITING = 8, 16
TEXTS, STREAMS, EMBEDDINGS, UNKNOWN, BAD = 60, 40, 60, 20, 20
DIMENSIONS = 16_384
BYTES_A_WORD = 16_000
"""Of sound, for the fake engine."""

VERIFY = pytest.mark.verify
ALONE = pytest.param(WORKERD, id="workerd")
LARGE = [ALONE, pytest.param(PRELOADED, id="wrangler-4.86", marks=VERIFY)]
CROWDED = [ALONE, pytest.param(PRELOADED, id="wrangler-4.86")]
SELDOM = [
    pytest.param(WORKERD, id="workerd", marks=VERIFY),
    pytest.param(PRELOADED, id="wrangler-4.86", marks=VERIFY),
]


@pytest.fixture(scope="module")
async def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    world: World = request.param
    config = settings(tmp_path_factory.mktemp("data"))
    async with settled(world, tmp_path_factory.mktemp("worker"), config, small()) as place:
        yield place


def small() -> Profile:
    """Few may ask the text engine; the embeddings are so long that a hundred have 30 MB."""
    usual = profile(max_concurrent=RUNNING, max_waiting=WAITING)
    long = usual.engines["embed"].model_copy(update={"options": {"dimensions": DIMENSIONS}})
    return usual.model_copy(update={"engines": {**usual.engines, "embed": long}})


async def large(place: Place, form: str, count: int, model: str = SPEECH) -> dict[str, Any]:
    """What the Worker saw of an input of `count` bytes that it made itself."""
    asked = {"model": model, "form": form, "bytes": count, "options": {}}
    response = await place.post("/large", asked)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


@pytest.mark.contract("6.2")
@pytest.mark.parametrize(
    ("form", "count"),
    [
        pytest.param("array", 10 * MB, id="array"),
        pytest.param("bytes", 1_700_000, id="bytes", marks=VERIFY),
        pytest.param("stream", 20 * MB, id="stream"),
    ],
)
@under(LARGE, "place")
async def test_twenty_megabytes_in(place: Place, form: str, count: int) -> None:
    """As numbers a byte takes two characters, as an object's property about twelve."""
    found = await large(place, form, count)
    assert found["value"]["word_count"] == -(-count // BYTES_A_WORD), found


@pytest.mark.contract("2.1")
@pytest.mark.parametrize(("form", "count"), [("array", 17 * MB), ("stream", 34 * MB)])
@under(LARGE, "place")
async def test_more_than_the_server_takes(place: Place, form: str, count: int) -> None:
    """It answers before it has read it all, and the Worker still sees that answer."""
    found = await large(place, form, count)
    assert found["error"]["text"] == "AiError: 3006: Request is too large"


@under(LARGE, "place")
async def test_thirty_megabytes_out(place: Place) -> None:
    asked = {"model": EMBED, "inputs": {"text": ["fog"] * 100}, "brief": True}
    found = (await place.post("/see", asked)).json()
    assert found["value"] > 30 * MB


@under(SELDOM, "place")
async def test_thirty_megabytes_of_a_stream(place: Place) -> None:
    place.engine._answer = lambda request: " ".join(["x" * 100_000] * 300)
    asked = {"model": TEXT, "inputs": {"prompt": "a", "stream": True, "max_tokens": 300}}
    try:
        response = await place.post("/relay", asked)
    finally:
        place.engine._answer = echo
    assert len(response.content) > 30 * MB


@pytest.mark.contract("1.3", "2.1", "6.4")
@under(CROWDED, "place")
async def test_two_hundred_calls_at_once(place: Place) -> None:
    """The engine stands until all have come, so that it is certain how many are refused."""
    place.engine.stall()
    before = len(asyncio.all_tasks())
    working = asyncio.create_task(place.post("/crowd", {"calls": calls()}))
    await until(lambda: refused(place) == TEXTS + STREAMS - RUNNING - WAITING, 30)
    assert place.engine.running == RUNNING
    assert place.fogbank.server.runtime.waiting("text") == WAITING
    place.engine.release()
    outcomes = Counter(map(kind, (await working).json()))
    answered = outcomes.pop("text") + outcomes.pop("stream")
    assert answered == RUNNING + WAITING
    assert outcomes == {
        "embeddings": EMBEDDINGS,
        "3040": TEXTS + STREAMS - answered,
        "5007": UNKNOWN,
        "5006": BAD,
    }
    await place.until_idle()
    await until(lambda: len(asyncio.all_tasks()) <= before)


@under(SELDOM, "place")
async def test_two_hundred_clients_at_once(place: Place) -> None:
    """As above, each call in a request of its own, and every fourth client does not wait.

    Under wrangler all wait: its proxy ends `wrangler dev` when one leaves too early.
    """
    place.engine.slow(0.005)
    before = len(asyncio.all_tasks())
    asking = [asyncio.create_task(place.post("/see", call)) for call in calls()]
    await until(lambda: place.engine.running == RUNNING)
    hasty = asking[::4] if place.world is WORKERD else []
    for task in hasty:
        task.cancel()
    await asyncio.gather(*hasty, return_exceptions=True)
    answers = await asyncio.gather(*(task for task in asking if task not in hasty))
    outcomes = Counter(kind(answer.json()) for answer in answers)
    assert not outcomes.keys() - {"text", "stream", "embeddings"} - {"3040", "5006", "5007"}
    assert all(outcomes[name] for name in ("embeddings", "3040", "5006", "5007")), outcomes
    place.engine.slow(0)
    await place.until_idle(30)
    await until(lambda: len(asyncio.all_tasks()) <= before)


def calls() -> list[dict[str, Any]]:
    """The crowd, mixed."""
    prompt = {"prompt": "one two three"}
    kinds: list[tuple[dict[str, Any], int]] = [
        ({"model": TEXT, "inputs": prompt}, TEXTS),
        ({"model": TEXT, "inputs": prompt | {"stream": True}}, STREAMS),
        ({"model": EMBED, "inputs": {"text": "fog"}, "brief": True}, EMBEDDINGS),
        ({"model": "@cf/no/such", "inputs": prompt}, UNKNOWN),
        ({"model": TEXT, "inputs": {"prompt": 5}}, BAD),
    ]
    crowd = [call for call, count in kinds for _ in range(count)]
    Random(4).shuffle(crowd)
    return crowd


def kind(found: dict[str, Any]) -> str:
    """What came of a call: the sort of its answer, or the code of its error."""
    if "error" in found:
        error = found["error"]
        assert (error["class"], error["name"]) == ("InferenceUpstreamError", "AiError"), error
        return str(error["message"]).partition(":")[0]
    if found["type"] == "ReadableStream":
        assert found["text"].endswith("data: [DONE]\n\n"), found
        return "stream"
    if isinstance(found["value"], int):
        return "embeddings"
    assert found["value"]["response"] == "one two three"
    return "text"


def refused(place: Place) -> float:
    """How many the text engine has refused because its queue was full."""
    labels = {"model": TEXT, "task": "Text Generation", "outcome": "3040"}
    registry = place.fogbank.server.runtime.metrics.registry
    return registry.get_sample_value("fogbank_requests_total", labels) or 0.0
