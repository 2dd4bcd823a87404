"""Fine-tunes over REST and `lora` in a run request, on fake engines."""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import Message

from fogbank.dialects.workers_ai.finetunes import UPLOADS
from fogbank.storage.adapter_weights import MAX_BYTES
from tests import adapters
from tests.server import (
    ABSENT,
    ACCOUNT,
    CHAT,
    RUN,
    STAND_IN,
    TEXT,
    Running,
    profile,
    running,
    settings,
)

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.5", "5.3")]

BASE = f"/client/v4/accounts/{ACCOUNT}/ai/finetunes"
OTHER = "f" * 32
OTHERS = BASE.replace(ACCOUNT, OTHER)
KEYS = {"id", "model", "name", "description", "created_at", "modified_at", "public"}
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


@pytest.fixture
async def server(tmp_path: Path, anyio_backend: str) -> AsyncIterator[Running]:
    async with running(settings(tmp_path, finetunes_per_account=5)) as made:
        yield made


async def create(server: Running, name: str = "mine", base: str = BASE, **more: Any) -> Any:
    response = await server.client.post(base, json={"model": TEXT, "name": name, **more})
    assert response.status_code == 200, response.text
    return response.json()["result"]


async def upload(
    server: Running, finetune: str, name: str, data: bytes, base: str = BASE
) -> httpx2.Response:
    return await server.client.post(
        f"{base}/{finetune}/finetune-assets",
        data={"file_name": name},
        files={"file": ("blob", data)},
    )


async def fill(server: Running, finetune: str, base: str = BASE) -> None:
    for name, data in (
        (CONFIG, adapters.config()),
        (WEIGHTS, adapters.safetensors(adapters.small())),
    ):
        response = await upload(server, finetune, name, data, base)
        assert response.status_code == 200, response.text


def refusal(response: httpx2.Response) -> tuple[int, int, str]:
    """Status, code and message; the four keys of the envelope are there."""
    body = response.json()
    assert body.keys() == {"result", "success", "errors", "messages"}
    assert body["success"] is False
    (error,) = body["errors"]
    return response.status_code, error["code"], error["message"]


async def test_created_listed_and_filled(server: Running) -> None:
    made = await create(server, description="of mine")
    assert made.keys() == KEYS
    assert (made["model"], made["name"], made["description"]) == (TEXT, "mine", "of mine")
    assert made["public"] is False
    listed = await server.get(BASE)
    assert listed == {"success": True, "errors": [], "messages": [], "result": [made]}
    response = await upload(server, made["id"], CONFIG, adapters.config())
    assert response.headers["content-type"] == "application/json"
    assert response.json()["success"] is True


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_slash_at_the_end_is_taken(server: Running, slash: str) -> None:
    web = server.client
    body = {"model": TEXT, "name": "mine"}
    made = (await web.post(BASE + slash, json=body)).json()["result"]
    assert len((await web.get(BASE + slash)).json()["result"]) == 1
    assert (await web.get(f"{BASE}/public{slash}")).json()["result"] == []
    place = f"{BASE}/mine/finetune-assets{slash}"
    sent = await web.post(place, data={"file_name": CONFIG}, files={"file": adapters.config()})
    assert sent.status_code == 200
    assert (await web.delete(f"{BASE}/{made['id']}{slash}")).status_code == 200
    assert (await web.get(BASE + slash)).json()["result"] == []


async def test_an_account_sees_its_own_and_what_is_public(server: Running) -> None:
    await create(server, "private")
    shared = await create(server, "shared", public=True)
    assert (await server.get(OTHERS))["result"] == []
    assert (await server.get(f"{OTHERS}/public"))["result"] == [shared]
    assert (await server.get(BASE.replace(ACCOUNT, ACCOUNT.lower())))["result"] != []


async def test_public_ones_are_paged_and_ordered(server: Running) -> None:
    for name in ("b", "c", "a"):
        await create(server, name, public=True)

    async def names(query: str) -> list[str]:
        return [one["name"] for one in (await server.get(f"{BASE}/public?{query}"))["result"]]

    assert await names("orderBy=name") == ["a", "b", "c"]
    assert await names("limit=2&offset=1&orderBy=name") == ["b", "c"]
    assert await names("limit=1.0") == ["b"]
    assert await names("offset=3") == []
    for query in ("orderBy=account", "limit=-1", "offset=x", "limit=1001"):
        response = await server.client.get(f"{BASE}/public?{query}")
        assert refusal(response)[:2] == (400, 5006)


@pytest.mark.parametrize(
    ("body", "status", "code", "told"),
    [
        ({"model": TEXT}, 400, 5006, "required properties at '/' are 'model,name'"),
        ({"name": "a"}, 400, 5006, "required properties"),
        ({"model": 5, "name": "a"}, 400, 5006, "required properties"),
        ({"model": "@cf/no/such", "name": "a"}, 400, 5007, "No such model @cf/no/such"),
        ({"model": CHAT, "name": "a"}, 405, 5005, "does not support LoRa"),
        ({"model": TEXT, "name": "../a"}, 400, 8001, "'name' must have"),
        ({"model": TEXT, "name": "public"}, 400, 8001, "'name' must have"),
        ({"model": TEXT, "name": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}, 400, 8001, "UUID"),
        ({"model": TEXT, "name": "a", "public": 1}, 400, 5006, "'/public', 'boolean'"),
        ({"model": TEXT, "name": "a", "description": "x" * 3000}, 400, 5006, "'/description'"),
        ([], 400, 8001, "must be a JSON object"),
        (5, 400, 8001, "must be a JSON object"),
    ],
)
async def test_what_cannot_be_created(
    server: Running, body: Any, status: int, code: int, told: str
) -> None:
    response = await server.client.post(BASE, json=body)
    assert refusal(response)[:2] == (status, code)
    assert told in refusal(response)[2]


async def test_bodies_that_are_none(server: Running) -> None:
    assert refusal(await server.client.post(BASE, content=b""))[:2] == (400, 3003)
    assert refusal(await server.client.post(BASE, content=b"{"))[:2] == (400, 8001)


async def test_names_are_taken_and_the_account_is_full(server: Running) -> None:
    await create(server, "n0")
    again = await server.client.post(BASE, json={"model": TEXT, "name": "n0"})
    assert "named 'n0' already" in refusal(again)[2]
    for number in range(1, 5):
        await create(server, f"n{number}")
    more = await server.client.post(BASE, json={"model": TEXT, "name": "n5"})
    assert "has 5 fine-tunes, which is the limit" in refusal(more)[2]


async def test_an_unknown_one_is_404(server: Running) -> None:
    await create(server, "theirs", OTHERS, public=True)
    for response in (
        await upload(server, "nobody", CONFIG, adapters.config()),
        await upload(server, "theirs", CONFIG, adapters.config()),
        await server.client.delete(f"{BASE}/theirs"),
    ):
        assert refusal(response)[:2] == (404, 7002)
        assert response.json()["result"] is None


async def test_a_wrong_account_or_method_is_the_front_doors(server: Running) -> None:
    for method, path in (("GET", BASE.replace(ACCOUNT, "x")), ("POST", BASE.replace(ACCOUNT, "x"))):
        assert refusal(await server.client.request(method, path))[:2] == (404, 7003)
    assert (await server.client.put(BASE)).status_code == 400
    assert (await server.client.delete(f"{BASE}/public")).status_code == 400


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        (CONFIG, b"{}", "'model_type' must be one of"),
        (WEIGHTS, b"PK\x03\x04", "is not a safetensors file"),
        ("adapter_model.bin", b"x", "'file_name' must be adapter_config.json or"),
        ("../" + CONFIG, adapters.config(), "'file_name' must be"),
    ],
)
async def test_files_that_are_refused_leave_nothing_behind(
    server: Running, tmp_path: Path, name: str, data: bytes, told: str
) -> None:
    await create(server)
    status, code, message = refusal(await upload(server, "mine", name, data))
    assert (status, code) == (400, 8001)
    assert told in message
    assert os.listdir(tmp_path / "finetunes") == []


async def test_a_file_that_is_too_large(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogbank.dialects.workers_ai.finetunes.MAX_BYTES", 1000)
    await create(server)
    for size in (1001, 200_000):
        assert refusal(await upload(server, "mine", WEIGHTS, bytes(size)))[:2] == (413, 3006)
    assert os.listdir(tmp_path / "finetunes") == []
    assert MAX_BYTES == 500_000_000


async def test_the_limit_of_other_bodies_is_not_that_of_adapters(tmp_path: Path) -> None:
    async with running(settings(tmp_path, max_body_mib=0.001)) as server:
        await create(server)
        await upload(server, "mine", CONFIG, adapters.config(target_modules=["gate_proj"]))
        wide = adapters.pair("model.layers.0.mlp.gate_proj", 4, 100, 100)
        sent = await upload(server, "mine", WEIGHTS, adapters.safetensors(wide))
        assert sent.status_code == 200, sent.text


# `lora` in a run request.


@pytest.mark.contract("3.1")
async def test_a_name_or_an_id_brings_the_adapter_along(server: Running) -> None:
    made = await create(server)
    await fill(server, made["id"])
    for asked in ("mine", made["id"]):
        body = {"prompt": "a b", "raw": "true", "lora": asked}
        assert (await server.run(TEXT, body)).json()["result"]["response"] == "[mine] a b"
    request = server.engine.requests[-1]
    lora = getattr(request, "lora", None)
    assert lora is not None
    assert sorted(os.listdir(lora.folder)) == [CONFIG, WEIGHTS]
    assert getattr(request, "raw", None) is True


async def test_messages_and_streams_take_it_too(server: Running) -> None:
    await create(server)
    await fill(server, "mine")
    messages = [{"role": "user", "content": "hi"}]
    whole = await server.run(TEXT, {"messages": messages, "lora": "mine"})
    assert whole.json()["result"]["response"] == "[mine] hi"
    streamed = await server.run(TEXT, {"prompt": "hi", "lora": "mine", "stream": True})
    assert '"[mine]"' in streamed.text
    assert streamed.text.endswith("data: [DONE]\n\n")


async def test_another_model_on_the_same_weights_may_use_it(server: Running) -> None:
    await create(server)
    await fill(server, "mine")
    answer = await server.run(STAND_IN, {"prompt": "hi", "lora": "mine"})
    assert answer.json()["result"]["response"] == "[mine] hi"


async def test_public_ones_serve_every_account(server: Running) -> None:
    for name, public in (("shared", True), ("private", False)):
        await create(server, name, OTHERS, public=public)
        await fill(server, name, OTHERS)
    answer = await server.run(TEXT, {"prompt": "hi", "lora": "shared"})
    assert answer.json()["result"]["response"] == "[shared] hi"
    refused = refusal(await server.run(TEXT, {"prompt": "hi", "lora": "private"}))
    assert refused[:2] == (400, 8001)


@pytest.mark.contract("2.1")
async def test_5005_where_the_model_takes_no_lora(server: Running) -> None:
    status, code, message = refusal(await server.run(CHAT, {"prompt": "hi", "lora": "mine"}))
    assert (status, code) == (405, 5005)
    assert f"The model {CHAT} does not support LoRa inference" in message


@pytest.mark.contract("2.1")
async def test_5005_where_the_engine_takes_no_lora(tmp_path: Path) -> None:
    async with running(settings(tmp_path), profile(options={"lora": False})) as server:
        await create(server)
        await fill(server, "mine")
        for stream in (False, True):
            body = {"prompt": "hi", "lora": "mine", "stream": stream}
            response = await server.run(TEXT, body)
            assert refusal(response)[:2] == (405, 5005)
            assert response.headers["cf-ai-req-id"]


@pytest.mark.contract("2.1")
async def test_3039_while_files_are_missing(server: Running) -> None:
    await create(server)
    body = {"prompt": "hi", "lora": "mine"}
    for name, data in (
        (None, b""),
        (CONFIG, adapters.config()),
    ):
        if name:
            await upload(server, "mine", name, data)
        status, code, message = refusal(await server.run(TEXT, body))
        assert (status, code) == (400, 3039)
        assert "Finetune is missing required files (model.safetensors and config.json)" in message


async def test_names_that_nobody_has_and_those_of_other_weights(server: Running) -> None:
    unknown = refusal(await server.run(TEXT, {"prompt": "hi", "lora": "nobody"}))
    assert unknown[:2] == (400, 8001)
    assert "there is no fine-tune 'nobody' that this account may use" in unknown[2]
    await create(server, "absent", model=ABSENT)
    other = refusal(await server.run(TEXT, {"prompt": "hi", "lora": "absent"}))
    assert other[:2] == (400, 8001)
    assert f"is one of {ABSENT}" in other[2]


async def test_a_deleted_one_is_unknown_at_once(server: Running) -> None:
    await create(server)
    await fill(server, "mine")
    body = {"prompt": "hi", "lora": "mine"}
    assert (await server.run(TEXT, body)).status_code == 200
    assert (await server.client.delete(f"{BASE}/mine")).json()["success"] is True
    assert refusal(await server.run(TEXT, body))[:2] == (400, 8001)


async def test_a_fine_tune_outlives_the_server(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as server:
        await create(server)
        await fill(server, "mine")
    async with running(settings(tmp_path)) as server:
        answer = await server.client.post(RUN + TEXT, json={"prompt": "hi", "lora": "mine"})
        assert answer.json()["result"]["response"] == "[mine] hi"


async def test_who_waits_for_slow_uploads_is_told(tmp_path: Path) -> None:
    """Every wait has a deadline; the slow ones keep theirs."""
    async with running(settings(tmp_path, deadline=0.05)) as server:
        made = await create(server)
        path = f"{BASE}/{made['id']}/finetune-assets"
        form = (b"content-type", b"multipart/form-data; boundary=xx")
        scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", b"localhost"), form],
        }
        asked = [asyncio.Event() for _ in range(UPLOADS)]

        async def slow(event: asyncio.Event) -> None:
            async def receive() -> Message:
                event.set()
                await asyncio.Event().wait()
                raise AssertionError("nothing comes")

            async def send(message: Message) -> None:
                return

            await server.server.asgi(dict(scope), receive, send)

        tasks = [asyncio.create_task(slow(event)) for event in asked]
        for event in asked:
            await event.wait()
        status, code, _ = refusal(await upload(server, made["id"], CONFIG, adapters.config()))
        assert (status, code) == (429, 3040)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert (await upload(server, made["id"], CONFIG, adapters.config())).status_code == 200


async def test_a_busy_database_stops_nobody_else(server: Running) -> None:
    """What waits for the disk, or for another writer, waits in a thread."""
    writer = sqlite3.connect(server.settings.data_dir / "fogbank.db", isolation_level=None)
    writer.execute("begin immediate")
    making = asyncio.create_task(create(server))
    try:
        async with asyncio.timeout(2):
            await asyncio.sleep(0.05)
            assert (await server.client.get("/health/live")).status_code == 200
        assert not making.done()
    finally:
        writer.execute("rollback")
        writer.close()
    assert (await making)["name"] == "mine"
