"""The header x-fogbank-fault on the wire: every dialect that answers for a model obeys it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.server import (
    ACCOUNT,
    EMBED,
    RUN,
    TEXT,
    Running,
    events,
    live,
    running,
    settings,
    until,
)

pytestmark = pytest.mark.anyio
PROMPT = {"prompt": "one two three four five"}
STREAM = PROMPT | {"stream": True}
FAULT = "x-fogbank-fault"
V1 = f"/client/v4/accounts/{ACCOUNT}/ai/v1/chat/completions"


@pytest.fixture
async def faulty(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(settings(tmp_path, faults=True)) as it:
        yield it


@pytest.mark.contract("2.1", "2.2")
@pytest.mark.parametrize(
    ("value", "status", "code"),
    [
        ("3040", 429, 3040),
        ("5021", 413, 5021),
        ("4006", 429, 4006),
        ("3036", 429, 3036),
        ("5016", 403, 5016),
        ("5019", 405, 5019),
        ("3042", 404, 3042),
        ("7009", 502, 7009),
        ("internal", 500, 7009),
        ("10000", 401, 10000),
        ("10000-403", 403, 10000),
        ("7003", 404, 7003),
        ("7000", 400, 7000),
        ("nonsense", 400, 8001),
    ],
)
async def test_at_once(faulty: Running, value: str, status: int, code: int) -> None:
    for body in (PROMPT, STREAM):
        response = await faulty.run(TEXT, body, headers={FAULT: value})
        assert response.status_code == status
        assert response.json()["errors"][0]["code"] == code
        assert ("retry-after" in response.headers) == (status == 429)
        front = value.startswith(("10000", "7000", "7003"))
        assert ("cf-ai-req-id" in response.headers) is not front
    assert faulty.engine.started == 0
    assert (await faulty.run(TEXT, PROMPT)).status_code == 200


@pytest.mark.contract("decision 6")
async def test_in_the_middle_of_a_stream(faulty: Running) -> None:
    response = await faulty.run(TEXT, STREAM, headers={FAULT: "3040; after=2"})
    assert response.status_code == 200
    *said, last = map(orjson.loads, events(response.text))
    assert [event["response"] for event in said] == ["one", " two"]
    assert (last["success"], last["errors"][0]["code"]) == (False, 3040)
    assert faulty.engine.running == 0


async def test_in_the_middle_of_what_is_not_streamed(faulty: Running) -> None:
    for model, body in ((TEXT, PROMPT), (EMBED, {"text": "a"})):
        response = await faulty.run(model, body, headers={FAULT: "3040; after=2"})
        assert response.json()["errors"][0]["code"] == 3040


@pytest.mark.contract("2.1")
async def test_timeout_lasts_until_the_deadline(faulty: Running) -> None:
    headers = {FAULT: "timeout", "x-fogbank-deadline": "0.05"}
    response = await faulty.run(TEXT, PROMPT, headers=headers)
    assert (response.status_code, response.json()["errors"][0]["code"]) == (408, 3007)
    headers[FAULT] = "timeout; after=1"
    response = await faulty.run(TEXT, STREAM, headers=headers)
    assert orjson.loads(events(response.text)[-1])["errors"][0]["code"] == 3007


async def test_a_timeout_ends_when_the_client_leaves(faulty: Running) -> None:
    headers = {FAULT: "timeout"}
    body = {"model": TEXT, "messages": [{"role": "user", "content": "a"}]}
    async with live(faulty.server) as url, httpx2.AsyncClient(trust_env=False) as client:
        before = len(asyncio.all_tasks())
        for path, sent in ((RUN + TEXT, PROMPT), (V1, body)):
            with pytest.raises(httpx2.TimeoutException):
                await client.post(url + path, json=sent, headers=headers, timeout=0.1)
        await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_a_stream_is_cut(faulty: Running) -> None:
    async with live(faulty.server) as url, httpx2.AsyncClient(trust_env=False) as client:
        received = b""
        with pytest.raises(httpx2.RemoteProtocolError):
            async with client.stream(
                "POST", url + RUN + TEXT, json=STREAM, headers={FAULT: "stream-cut; after=2"}
            ) as response:
                async for part in response.aiter_raw():
                    received += part
        assert [orjson.loads(item)["response"] for item in events(received.decode())] == [
            "one",
            " two",
        ]
        response = await client.post(url + RUN + TEXT, json=PROMPT, headers={FAULT: "stream-cut"})
        assert response.status_code == 200


async def test_the_openai_dialect_obeys_it(faulty: Running) -> None:
    body = {"model": TEXT, "messages": [{"role": "user", "content": "one two three"}]}
    response = await faulty.client.post(V1, json=body, headers={FAULT: "3040"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (429, 3040)
    streamed = body | {"stream": True}
    response = await faulty.client.post(V1, json=streamed, headers={FAULT: "3040; after=1"})
    assert response.status_code == 200
    assert "[DONE]" not in response.text


@pytest.mark.parametrize(
    "path", ["models/search", "finetunes", "tomarkdown/supported", "v1/models"]
)
async def test_the_rest_of_the_api_obeys_it(faulty: Running, path: str) -> None:
    url = f"/client/v4/accounts/{ACCOUNT}/ai/{path}"
    assert (await faulty.client.get(url)).status_code == 200
    response = await faulty.client.get(url, headers={FAULT: "7009"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (502, 7009)


async def test_off_it_is_ignored(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, PROMPT, headers={FAULT: "3040"})
    assert response.status_code == 200
