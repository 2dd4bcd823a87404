"""Contract 6.4: what a Worker's error is made of, for every row of the table."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fogbank import errors
from fogbank.engines.base import EngineDead
from fogbank.runtime.faults import ROUTES, ROWS, example
from tests.dialects.binding.calls import GATEWAY_RUN, RUN, call, consn
from tests.server import ABSENT, DEPRECATED, NO_JSON, TEXT, Running, events, running, settings

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "one two three"}
KEYS = {"internalCode", "name", "description", "message", "httpCode", "requestId"}
EACH = [
    name
    for kind, name in {kind: name for name, kind in reversed(ROWS.items())}.items()
    if kind not in errors.OF_GATEWAYS
]
"""The rows of the table, each by its first name."""


@pytest.fixture
async def faulty(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path, faults=True)) as it:
        yield it


@pytest.mark.contract("6.4", "2.1", "2.2")
@pytest.mark.parametrize("row", EACH)
async def test_every_row(faulty: Running, row: str) -> None:
    """The Worker throws `{internalCode}: {description}`: REST's text without its title."""
    expected = example(ROWS[row])
    for inputs in (PROMPT, PROMPT | {"stream": True}):
        answer = await call(faulty, TEXT, inputs, x_fogbank_fault=row)
        body = answer.json()
        assert answer.status_code == expected.status
        assert answer.headers["content-type"] == "application/json"
        assert body.keys() == KEYS
        assert f"{body['internalCode']}: {body['description']}" == str(expected)
        assert (body["name"], body["message"]) == ("AiError", f"AiError: {body['description']}")
        assert body["httpCode"] == answer.status_code
        assert body["requestId"] == answer.headers["cf-ai-req-id"]
        assert ("retry-after" in answer.headers) == (answer.status_code == 429)


@pytest.mark.contract("2.4", "6.4")
@pytest.mark.parametrize("row", ["2001", "2019", "2021"])
async def test_a_gateways_errors(faulty: Running, row: str) -> None:
    answer = await call(faulty, TEXT, PROMPT, x_fogbank_fault=row)
    assert answer.json()["error"][0]["code"] == int(row)


@pytest.mark.contract("6.4", "2.4")
@pytest.mark.parametrize("route", ROUTES)
async def test_the_front_door_keeps_its_envelope(faulty: Running, route: str) -> None:
    """Which the binding reads as `errors[0]`."""
    answer = await call(faulty, TEXT, PROMPT, x_fogbank_fault=route)
    assert answer.json()["errors"][0]["code"] in (10000, 7000, 7003)
    assert answer.headers["cf-ai-req-id"]


@pytest.mark.contract("6.4")
@pytest.mark.parametrize(
    ("model", "body", "code", "description"),
    [
        ("@cf/unknown/model", {"inputs": PROMPT}, 5007, "No such model @cf/unknown/model or task"),
        ("dev:@cf/no", {"inputs": PROMPT}, 5007, "No such model dev:@cf/no or task"),
        (
            None,
            {"inputs": PROMPT},
            3003,
            "Request is missing headers or body: header cf-consn-model-id",
        ),
        (TEXT, b"", 3003, "Request is missing headers or body: body"),
        (TEXT, b"{", 8001, "Invalid input: the body is not JSON"),
        (TEXT, b"\xff\xfe", 8001, "Invalid input: the body is not JSON"),
        (TEXT, {}, 5006, "Error: required properties at '/' are 'inputs'"),
        (TEXT, [], 5006, "Error: Type mismatch of '/', 'object' not in 'array'"),
        (TEXT, {"inputs": None}, 5006, "Error: Type mismatch of '/', 'object' not in 'null'"),
        (TEXT, {"inputs": 5}, 5006, "Error: Type mismatch of '/', 'object' not in 'integer'"),
        (
            TEXT,
            {"inputs": {}},
            5006,
            "Error: oneOf at '/' not met, 0 matches: required properties at '/' are 'prompt',"
            " required properties at '/' are 'messages'",
        ),
        (
            DEPRECATED,
            {"inputs": PROMPT},
            5028,
            "This model was deprecated on 2026-05-30. Please use an alternative model.",
        ),
        (
            NO_JSON,
            {"inputs": {**PROMPT, "response_format": {"type": "json_object"}}},
            5025,
            "This model doesn't support JSON Schema.",
        ),
    ],
)
async def test_what_a_worker_reads(
    fogbank: Running, model: str | None, body: Any, code: int, description: str
) -> None:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    answer = await fogbank.client.post(RUN, content=content, headers=consn(model))
    told = answer.json()
    assert (told["internalCode"], told["description"]) == (code, description)
    assert 400 <= answer.status_code < 500
    assert answer.headers["cf-ai-req-id"]


@pytest.mark.contract("decision 8")
async def test_weights_that_are_elsewhere(fogbank: Running) -> None:
    told = (await call(fogbank, ABSENT, PROMPT)).json()
    assert told["internalCode"] == 5018
    assert told["description"].startswith(f"This account is not allowed to access {ABSENT}.")
    assert "big" in told["description"]


@pytest.mark.contract("2.1")
async def test_as_documented(tmp_path: Path) -> None:
    config = settings(tmp_path, faults=True, error_forms="documented")
    async with running(config) as it:
        told = (await call(it, TEXT, PROMPT, x_fogbank_fault="3040")).json()
        assert told["description"] == "No more data centers to forward the request to"
        told = (await call(it, TEXT, PROMPT, x_fogbank_fault="4006")).json()
        assert told["internalCode"] == 3036


@pytest.mark.contract("6.4", "2.4")
async def test_a_dead_engine(fogbank: Running) -> None:
    fogbank.engine.fail_next(EngineDead("gone"))
    answer = await call(fogbank, TEXT, PROMPT)
    told = answer.json()
    assert (answer.status_code, told["internalCode"]) == (502, 7009)
    assert told["description"] == "Upstream service unavailable"


@pytest.mark.contract("decision 11")
async def test_the_deadline(fogbank: Running) -> None:
    fogbank.engine.stall()
    answer = await call(fogbank, TEXT, PROMPT, x_fogbank_deadline="0.05")
    fogbank.engine.release()
    assert (answer.status_code, answer.json()["internalCode"]) == (408, 3007)


@pytest.mark.contract("decision 6")
async def test_in_the_middle_of_a_stream(faulty: Running) -> None:
    inputs = PROMPT | {"stream": True}
    answer = await call(faulty, TEXT, inputs, x_fogbank_fault="3040; after=2")
    *said, last = map(orjson.loads, events(answer.text))
    assert [event["response"] for event in said] == ["one", " two"]
    assert (last["success"], last["errors"][0]["code"]) == (False, 3040)


@pytest.mark.contract("6.4", "2.1")
async def test_too_large(tmp_path: Path) -> None:
    """Compressed too: what gzip becomes is bounded as what is sent is."""
    async with running(settings(tmp_path, max_body_mib=0.01)) as it:
        large = {"inputs": {"prompt": "a" * 20_000}}
        plain = await it.client.post(RUN, json=large, headers=consn(TEXT))
        packed = gzip.compress(orjson.dumps(large))
        assert len(packed) < 1000
        headers = consn(TEXT) | {"content-encoding": "gzip"}
        bomb = await it.client.post(RUN, content=packed, headers=headers)
        for answer in (plain, bomb):
            assert (answer.status_code, answer.json()["internalCode"]) == (413, 3006)


@pytest.mark.parametrize(
    ("encoding", "body", "reason"),
    [
        ("gzip", b"{}", "the body is not gzip"),
        ("gzip", gzip.compress(b"{}" * 50, mtime=0)[:-9], "the body's gzip ends in the middle"),
        ("br", b"{}", "the content-encoding 'br' is not read here: send gzip or none"),
    ],
)
async def test_a_body_that_cannot_be_unpacked(
    fogbank: Running, encoding: str, body: bytes, reason: str
) -> None:
    headers = consn(TEXT) | {"content-encoding": encoding}
    told = (await fogbank.client.post(RUN, content=body, headers=headers)).json()
    assert (told["internalCode"], told["description"]) == (8001, f"Invalid input: {reason}")


@pytest.mark.contract("8", "decision 12")
async def test_rate_limits(tmp_path: Path) -> None:
    config = settings(tmp_path, rate_limits=True, requests_per_minute="Text Generation=2")
    async with running(config) as it:
        answers = [await call(it, TEXT, PROMPT) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert int(answers[2].headers["retry-after"]) > 30
        other = f"/client/v4/accounts/{'1' * 32}/ai/run/{TEXT}"
        assert (await it.client.post(other, json=PROMPT)).status_code == 200, "another's window"


@pytest.mark.contract("6.4")
async def test_only_posts(fogbank: Running) -> None:
    answer = await fogbank.client.get(RUN, headers=consn(TEXT))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 7003)


@pytest.mark.contract("6.4", "6.5")
@pytest.mark.parametrize(
    "row", ["5006", "5007", "5021", "3040", "4006", "3007", "7009", "internal"]
)
async def test_through_a_gateway(faulty: Running, row: str) -> None:
    expected = example(ROWS[row])
    options = {"gateway": {"id": "mine"}}
    answer = await call(faulty, TEXT, PROMPT, options, path=GATEWAY_RUN, x_fogbank_fault=row)
    body = answer.json()
    assert (answer.status_code, body["internalCode"]) == (expected.status, expected.kind.code)
    assert body["description"] == expected.description
    assert body["requestId"] == answer.headers["cf-ai-req-id"]
