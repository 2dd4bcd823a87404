"""Errors as a Worker sees them: class, name, message, and what the binding keeps (contract 6.4).

The rows of the first table happen for real; every row of the server's own table is then made to
happen by `x-fogbank-fault`.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fogbank import errors
from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.engines.base import EngineDead, EngineRefused
from fogbank.engines.fake_answers import echo
from fogbank.errors import ErrorKind
from fogbank.runtime.faults import ROWS, example
from tests.server import ABSENT, CHAT, DEPRECATED, NO_JSON, TEXT, events, profile, settings, until
from tests.workers.places import Place, settled
from tests.workers.tools import needs_workers
from tests.workers.worlds import (
    FEW_WORLDS,
    OLD_WORLDS,
    OTHER_WORLDS,
    PRELOADED,
    WORKERD,
    World,
    under,
)

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]
PROMPT = {"prompt": "one two three four"}
NARROW = CHAT
"""The model whose engine has one place and no queue."""
AS_JSON = {"response_format": {"type": "json_object"}}
GATEWAY = {"gateway": {"id": "gate"}}
HASTY = {"extraHeaders": {"x-fogbank-deadline": "0.2"}}


@dataclass(frozen=True)
class Row:
    """A call that fails before it reaches an engine, and what the Worker is told."""

    code: int
    status: int
    message: str
    model: str = TEXT
    inputs: dict[str, Any] = field(default_factory=lambda: dict(PROMPT))


REFUSED = {
    "unknown model": Row(5007, 400, "No such model @cf/no/such or task", "@cf/no/such"),
    "not on this machine": Row(5018, 403, "This account is not allowed to access .*", ABSENT),
    "deprecated": Row(5028, 410, "This model was deprecated on 2026-05-30.*", DEPRECATED),
    "bad input": Row(5006, 400, "Error: .*'/prompt'.*", inputs={"prompt": 5}),
    "no input": Row(5006, 400, "Error: .*required properties at '/' are 'prompt'.*", inputs={}),
    "no JSON mode": Row(
        5025, 403, "This model doesn't support JSON Schema.", NO_JSON, PROMPT | AS_JSON
    ),
    "context window": Row(
        5021,
        413,
        r"The estimated number of input and maximum output tokens \(\d+\) exceeded this model"
        r" context window limit \(4000\).",
        inputs={"prompt": "word " * 4001},
    ),
    "too large": Row(3006, 413, "Request is too large", inputs={"prompt": "a" * (1 << 20)}),
    "no such adapter": Row(8001, 400, "Invalid input: .*", inputs=PROMPT | {"lora": "none"}),
}


@dataclass(frozen=True)
class Failing:
    """What ends a stream after two tokens: an error of the engine, or for None the deadline.

    `message` is what the stream's last event tells; the request's id stands at its `{}`.
    """

    what: Exception | None
    code: int
    message: str


MID_STREAM = {
    "dead": Failing(EngineDead("gone"), 7009, "Upstream service unavailable"),
    "a bug": Failing(RuntimeError("a bug"), 7009, "Upstream service unavailable"),
    "refused": Failing(
        EngineRefused("too odd"), 8001, "AiError: AiError: Invalid input: too odd ({})"
    ),
    "too late": Failing(None, 3007, "AiError: AiError: Request timeout ({})"),
}


@pytest.fixture(scope="module", params=[*FEW_WORLDS, *OTHER_WORLDS, *OLD_WORLDS])
async def somewhere(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Place]:
    world: World = request.param
    config = settings(tmp_path_factory.mktemp("data"), max_body_mib=1, faults=True)
    async with settled(world, tmp_path_factory.mktemp("worker"), config, served()) as place:
        yield place


@pytest.fixture
async def place(somewhere: Place) -> AsyncIterator[Place]:
    yield somewhere
    for engine in (somewhere.engine, somewhere.fogbank.builder.built["narrow"][-1]):
        engine.refuse(None)
        engine.release()
    await somewhere.until_idle()


def served() -> Profile:
    """The profile of the tests, with one more engine that has one place."""
    usual = profile()
    narrow = EngineSpec(engine="fake", max_concurrent=1, max_waiting=0)
    return usual.model_copy(
        update={
            "engines": {**usual.engines, "narrow": narrow},
            "models": {**usual.models, NARROW: Served(engine="narrow")},
        }
    )


def thrown(found: dict[str, Any]) -> tuple[int, int, str]:
    """Code, HTTP status and description of what a call threw, its form being as recorded."""
    error, after = found["error"], found["after"]
    assert (error["class"], error["name"]) == ("InferenceUpstreamError", "AiError")
    assert (error["isError"], error["keys"]) == (True, ["name"])
    assert error["text"] == f"AiError: {error['message']}"
    code, _, description = error["message"].partition(": ")
    assert after["lastRequestInternalStatusCode"] == int(code)
    assert re.fullmatch(r"[0-9a-f-]{36}", after["lastRequestId"])
    return int(code), after["lastRequestHttpStatusCode"], description


@pytest.mark.contract("2.1", "6.4")
@pytest.mark.parametrize("through", [{}, GATEWAY], ids=["straight", "gateway"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_refused(place: Place, stream: bool, through: dict[str, Any]) -> None:
    for name, row in REFUSED.items():
        inputs = row.inputs | ({"stream": True} if stream else {})
        found = await place.see(row.model, inputs, **through)
        code, status, description = thrown(found)
        assert (code, status) == (row.code, row.status), name
        assert re.fullmatch(row.message, description), (name, description)


@pytest.mark.contract("2.1", "6.4")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_failed_before_the_first_token(place: Place, stream: bool) -> None:
    inputs = PROMPT | {"stream": stream}
    place.engine.stall()
    assert thrown(await place.see(TEXT, inputs, **HASTY)) == (3007, 408, "Request timeout")
    place.engine.release()
    place.engine.refuse("no such role")
    told = (8001, 400, "Invalid input: no such role")
    assert thrown(await place.see(TEXT, inputs)) == told
    place.engine.refuse(None)
    place.engine.fail_next(RuntimeError("a bug"))
    told = (7009, 500, "Upstream service unavailable")
    assert thrown(await place.see(TEXT, inputs)) == told


@pytest.mark.contract("2.1", "6.4")
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
async def test_busy(place: Place, stream: bool) -> None:
    narrow = place.fogbank.builder.built["narrow"][-1]
    narrow.stall()
    first = asyncio.create_task(place.see(NARROW, PROMPT))
    await until(lambda: narrow.running == 1)
    told = (3040, 429, "Capacity temporarily exceeded, please try again.")
    assert thrown(await place.see(NARROW, PROMPT | {"stream": stream})) == told
    assert thrown(await place.see(NARROW, PROMPT, rejectIfBusy=True)) == told
    narrow.release()
    assert (await first)["type"] == "Object"
    assert not (await place.see(NARROW, PROMPT)).get("error")


@pytest.mark.contract("2.1", "6.4")
async def test_json_mode_that_fails(place: Place) -> None:
    inputs = PROMPT | AS_JSON
    place.engine._answer = lambda request: "{ no json"
    try:
        code, status, description = thrown(await place.see(TEXT, inputs))
    finally:
        place.engine._answer = echo
    assert (code, status) == (3030, 400)
    assert description.startswith("JSON Mode couldn't be met: ")


@pytest.mark.contract("2.1", "6.4")
async def test_an_engine_that_dies(place: Place) -> None:
    place.engine.stall()
    call = asyncio.create_task(place.see(TEXT, PROMPT))
    await until(lambda: place.engine.running == 1)
    place.engine.die()
    assert thrown(await call) == (7009, 502, "Upstream service unavailable")
    assert (await place.see(TEXT, PROMPT))["value"]["response"] == PROMPT["prompt"]


@pytest.mark.contract("1.3", "decision 6")
@pytest.mark.parametrize("how", MID_STREAM)
async def test_failed_in_mid_stream(place: Place, how: str) -> None:
    """The stream ends in order, with an event that tells why and without `[DONE]`."""
    happens = MID_STREAM[how]
    if isinstance(happens.what, Exception):
        place.engine.fail_next(happens.what, after=2)
    else:
        place.engine.stall()
        place.engine.allow(2)
    found = await place.see(TEXT, PROMPT | {"stream": True}, **HASTY)
    assert (found["type"], found.get("broken")) == ("ReadableStream", None)
    *words, last = map(json.loads, events(found["text"]))
    assert words == [{"response": "one"}, {"response": " two"}]
    assert last.keys() == {"errors", "success"}
    (error,) = last["errors"]
    request_id = found["after"]["lastRequestId"]
    assert error == {"code": happens.code, "message": happens.message.format(request_id)}
    assert found["after"]["lastRequestHttpStatusCode"] == 200


@pytest.mark.contract("1.3", "decision 6")
async def test_an_engine_that_dies_in_mid_stream(place: Place) -> None:
    place.engine.stall()
    place.engine.allow(1)
    asked = {"model": TEXT, "inputs": PROMPT | {"stream": True}}
    async with place.web.stream("POST", "/pass", json=asked) as response:
        pieces = response.aiter_text()
        assert events(await anext(pieces)) == ['{"response":"one"}']
        place.engine.die()
        (last,) = events("".join([piece async for piece in pieces]))
    assert json.loads(last)["errors"][0]["code"] == 7009


@pytest.mark.contract("6.3")
@under([*FEW_WORLDS, *OTHER_WORLDS])
async def test_a_connection_that_is_cut_in_mid_stream(place: Place) -> None:
    """wrangler 4.44 makes an end in order of it, and 3.114 waits for ever."""
    options = {"extraHeaders": {"x-fogbank-fault": "stream-cut; after=2"}}
    found = await place.see(TEXT, PROMPT | {"stream": True}, **options)
    assert events(found["text"]) == ['{"response":"one"}', '{"response":" two"}']
    broken = found["broken"]
    assert (broken["class"], broken["text"]) == ("Error", "Error: Network connection lost.")
    assert broken["keys"] == ["retryable"]


def rows() -> dict[str, ErrorKind]:
    """Every row of the table, by its name."""
    return {name: kind for name, kind in ROWS.items() if not name[0].isdigit()}


@pytest.mark.contract("2.1", "6.4")
async def test_every_row_of_the_table(place: Place) -> None:
    for name, kind in rows().items():
        fault = {"extraHeaders": {"x-fogbank-fault": name}}
        found = await place.see(TEXT, PROMPT, **fault)
        expected = example(kind)
        if kind in errors.OF_GATEWAYS:
            continue
        assert thrown(found) == (kind.code, kind.status, expected.description), name


@pytest.mark.contract("2.4", "6.4")
@pytest.mark.parametrize(
    ("world", "key"), [(WORKERD, ""), (WORKERD, "wrong"), (PRELOADED, "wrong")], ids=str
)
async def test_a_wrong_key(world: World, key: str, tmp_path: Path) -> None:
    config = settings(tmp_path, keys="always")
    async with settled(world, tmp_path, config, key=key) as place:
        found = await place.see(TEXT, PROMPT)
    error, after = found["error"], found["after"]
    assert (error["class"], error["name"]) == ("InferenceUpstreamError", "InferenceUpstreamError")
    assert error["message"] == "10000: Authentication error"
    assert (after["lastRequestHttpStatusCode"], after["lastRequestInternalStatusCode"]) == (
        401,
        None,
    )
