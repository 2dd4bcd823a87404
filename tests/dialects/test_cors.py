"""Which pages may read the answers, and what a browser is told before it asks."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from fogbank.storage.keys import KeyStore
from tests.server import RUN, STAND_IN, STANDING_IN, TEXT, Running, running, settings

pytestmark = pytest.mark.anyio
APP = "https://my.app"
BODY = {"prompt": "hello"}


async def ask(fogbank: Running, origin: str, asked: str = "authorization") -> httpx2.Response:
    """A preflight."""
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": asked,
    }
    return await fogbank.client.request("OPTIONS", RUN + TEXT, headers=headers)


def shared_with(response: httpx2.Response) -> Any:
    return response.headers.get("access-control-allow-origin")


@pytest.mark.contract("decision 15")
@pytest.mark.parametrize("origin", [APP, "HTTPS://my.app", "http://localhost:3000"])
async def test_a_known_origin(tmp_path: Path, origin: str) -> None:
    async with running(settings(tmp_path, allowed_origins=APP)) as it:
        answer = await it.run(STAND_IN, BODY, headers={"origin": origin})
        preflight = await ask(it, origin)
    assert (answer.status_code, preflight.status_code, preflight.content) == (200, 204, b"")
    for response in (answer, preflight):
        assert shared_with(response) == origin
        assert response.headers["vary"] == "Origin"
    exposed = answer.headers["access-control-expose-headers"]
    shown = {"cf-ai-req-id", "x-fogbank-served-by", "x-fogbank-structured-output"}
    assert shown <= set(exposed.split(", "))
    assert answer.headers["x-fogbank-served-by"] == STANDING_IN
    assert answer.headers["content-type"] == "application/json"
    assert "POST" in preflight.headers["access-control-allow-methods"]


async def test_streams_and_errors_are_shared_too(fogbank: Running) -> None:
    origin = {"origin": "http://localhost:3000"}
    for body in (BODY | {"stream": True}, {}):
        assert shared_with(await fogbank.run(TEXT, body, headers=origin)) == origin["origin"]
    assert shared_with(await fogbank.client.get("/nothing", headers=origin)) == origin["origin"]


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (
            "Authorization, content-type,cf-aig-skip-cache",
            "authorization, content-type, cf-aig-skip-cache",
        ),
        ("x-stainless-os,cookie, x-y\x7f", "x-stainless-os"),
        ("cookie", None),
        ("", None),
    ],
)
async def test_headers_that_a_page_may_send(
    fogbank: Running, asked: str, allowed: str | None
) -> None:
    response = await ask(fogbank, "http://localhost", asked)
    assert response.headers.get("access-control-allow-headers") == allowed


@pytest.mark.contract("decision 15")
@pytest.mark.parametrize("config", [{}, {"allowed_origins": "*"}])
async def test_a_foreign_origin_of_a_keyless_server(tmp_path: Path, config: dict[str, str]) -> None:
    async with running(settings(tmp_path, **config)) as it:
        refused = await it.run(TEXT, BODY, headers={"origin": APP})
        preflight = await ask(it, APP)
    for response in (refused, preflight):
        assert (response.status_code, shared_with(response)) == (403, None)


async def test_a_preflight_needs_a_known_host_where_there_are_no_keys(fogbank: Running) -> None:
    headers = {"origin": "http://localhost", "access-control-request-method": "POST"}
    response = await fogbank.client.request(
        "OPTIONS", RUN + TEXT, headers=headers | {"host": "evil.example"}
    )
    assert response.status_code == 403


@pytest.mark.contract("decision 15")
@pytest.mark.parametrize(
    ("allowed", "origin", "shares"),
    [
        (APP, APP, True),
        ("*", "https://any.example", True),
        (APP, "https://any.example", False),
        ("", "http://localhost:3000", False),
    ],
)
async def test_with_keys(tmp_path: Path, allowed: str, origin: str, shares: bool) -> None:
    async with running(settings(tmp_path, keys="always", allowed_origins=allowed)) as it:
        store = KeyStore(tmp_path / "fogbank.db")
        token = {"authorization": f"Bearer {store.create('alice')}"}
        store.close()
        answer = await it.run(TEXT, BODY, headers={"origin": origin, **token})
        refused = await it.run(TEXT, BODY, headers={"origin": origin})
        preflight = await ask(it, origin)
    assert (answer.status_code, refused.status_code) == (200, 401)
    assert preflight.status_code == (204 if shares else 401)
    for response in (answer, refused, preflight):
        assert shared_with(response) == (origin if shares else None)


async def test_without_an_origin_nothing_is_added(fogbank: Running) -> None:
    response = await fogbank.run(TEXT, BODY)
    assert not {"vary", "access-control-allow-origin"} & set(response.headers)
    headers = {"access-control-request-method": "POST"}
    plain = await fogbank.client.request("OPTIONS", RUN + TEXT, headers=headers)
    assert plain.status_code == 400
