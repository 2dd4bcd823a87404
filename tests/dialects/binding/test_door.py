"""Miniflare's and wrangler 3's forms of the same request (binding.md 2.D and 2.F)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from fogbank.clock import Clock
from fogbank.dialects.binding.caller import account_of
from fogbank.dialects.binding.door import OF_CONNECTION, PREFIX, BindingDoor
from fogbank.dialects.front_door import FrontDoor
from fogbank.settings import Settings
from fogbank.storage.keys import KeyStore
from fogbank.telemetry.metrics import Metrics
from tests.dialects.binding.calls import (
    GATEWAY_RUN,
    ORIGIN,
    PROXY,
    RUN,
    ZEROS,
    consn,
    miniflare,
    proxied,
)
from tests.server import ACCOUNT, EMBED, TEXT, Running, running, settings

pytestmark = pytest.mark.anyio
BODY = {"inputs": {"prompt": "say hello"}, "options": {}}
PATHS = ["/", "/anything/at/all", "/run", "/client/v4/accounts/x/ai/run/y", "/v1/models"]


@pytest.mark.contract("6.1", "6.6")
@pytest.mark.parametrize("path", PATHS)
async def test_miniflares_form(fogbank: Running, path: str) -> None:
    """On any path, with the type among the wrapped headers only."""
    answer = await fogbank.client.post(path, json=BODY, headers=miniflare(RUN, consn(TEXT)))
    assert answer.json()["response"] == "say hello"
    query = f"{RUN}&userInputs=%7B%22text%22%3A%22a+b%22%7D"
    headers = miniflare(query, consn(EMBED))
    answer = await fogbank.client.post(path, content=b'{"text":"b"}', headers=headers)
    assert answer.json()["shape"][0] == 1


@pytest.mark.contract("1.5", "6.1", "6.6")
@pytest.mark.parametrize("path", [PROXY, PROXY + "/"])
async def test_wranglers_older_form(fogbank: Running, path: str) -> None:
    answer = await fogbank.client.post(path, json=BODY, headers=proxied(RUN, consn(TEXT)))
    assert answer.json()["response"] == "say hello"
    listed = await fogbank.client.get(path, headers=proxied("/ai-api/models/search", {}))
    assert listed.json()["result"][0]["name"]


@pytest.mark.contract("decision 4")
async def test_an_account_that_is_none(fogbank: Running) -> None:
    path = "/client/v4/accounts/abc/ai/run/proxy"
    answer = await fogbank.client.post(path, json=BODY, headers=proxied(RUN, consn(TEXT)))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 7003)
    assert path in answer.json()["errors"][0]["message"]


async def test_a_model_called_proxy_needs_the_header(fogbank: Running) -> None:
    answer = await fogbank.client.post(PROXY, json=BODY, headers=consn(TEXT))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 7000)


@pytest.mark.parametrize("form", ["MF-URL", "X-Forwarded"])
@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/run?version=3",
        "https://workers-binding.ai.example.com/run",
        "https://workers-binding.ai@example.com/run",
        "https://example.com/workers-binding.ai",
        "http://127.0.0.1:8686/run",
        "ftp://workers-binding.ai/run",
        "//workers-binding.ai/run",
        "/run?version=3",
        "https://[workers-binding.ai/run",
        "",
    ],
)
async def test_other_hosts_are_refused(fogbank: Running, form: str, url: str) -> None:
    answer = await fogbank.client.post(PROXY, json=BODY, headers={**consn(TEXT), form: url})
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["code"]) == (400, 7003)
    assert repr(url) in error["message"]
    assert "nothing leaves this machine" in error["message"]


@pytest.mark.parametrize(
    "url",
    ["http://workers-binding.ai/run", "https://WORKERS-BINDING.AI:443/run?version=3#fragment"],
)
async def test_other_ways_to_write_the_host(fogbank: Running, url: str) -> None:
    headers = miniflare(RUN, consn(TEXT)) | {"MF-URL": url}
    answer = await fogbank.client.post("/", json=BODY, headers=headers)
    assert answer.json()["response"] == "say hello"


@pytest.mark.contract("2.4", "decision 5")
async def test_no_form_gets_in_without_a_key(tmp_path: Path) -> None:
    secret = KeyStore(tmp_path / "fogbank.db").create("worker")
    key = {"authorization": f"Bearer {secret}"}
    wrong = {"authorization": "Bearer wrong"}
    async with running(settings(tmp_path)) as it:

        async def status(path: str, headers: Mapping[str, str]) -> int:
            body = BODY | {"options": {"gateway": {"id": "a"}}}
            return (await it.client.post(path, json=body, headers=dict(headers))).status_code

        for url in (RUN, GATEWAY_RUN):
            run = consn(TEXT)
            for given_key, expected in (({}, 401), (wrong, 401), (key, 200)):
                assert await status(url, run | given_key) == expected
                assert await status("/", miniflare(url, run | given_key)) == expected
                assert await status("/", miniflare(url, run) | given_key) == expected
                assert await status(PROXY, proxied(url, run | given_key)) == expected
            assert await status("/health/live", miniflare(url, run)) == 401
        both = miniflare(RUN, consn(TEXT) | wrong) | key
        assert await status("/", both) == 200, "the tool's own key counts before the Worker's"
        assert await status("/v1/" + ACCOUNT + "/gateway", miniflare(RUN, consn(TEXT))) == 401


@pytest.mark.contract("decision 15")
async def test_pages_cannot_wrap_host_and_origin(fogbank: Running) -> None:
    page = {"origin": "https://evil.example"}
    good = {"origin": "http://localhost:3000", "host": "localhost"}
    post = fogbank.client.post
    run = consn(TEXT)
    refused = [
        await post(RUN, json=BODY, headers=run | page),
        await post("/", json=BODY, headers=miniflare(RUN, run | good) | page),
        await post(PROXY, json=BODY, headers=proxied(RUN, run) | page),
        await post("/", json=BODY, headers=miniflare(RUN, run | good) | {"host": "evil.example"}),
        await post(PROXY, json=BODY, headers=proxied(RUN, run) | {"host": "evil.example"}),
        await post("/health/live", json=BODY, headers=miniflare(RUN, run) | page),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert all("access-control-allow-origin" not in answer.headers for answer in refused)
    worker = miniflare(RUN, run | page | {"host": "worker.example"})
    assert (await post("/", json=BODY, headers=worker)).status_code == 200, "a Worker is no page"
    raw = run | {"host": "workers-binding.ai"}
    assert (await post(RUN, json=BODY, headers=raw)).status_code == 200


@pytest.mark.contract("decision 15")
async def test_a_preflight_is_told_by_the_connection(fogbank: Running) -> None:
    """A wrapped one is no preflight: it reaches a route, or none."""
    asks = {"access-control-request-method": "POST", "origin": "http://localhost:3000"}
    plain = await fogbank.client.options(RUN, headers=asks)
    assert plain.status_code == 204
    wrapped = await fogbank.client.options("/", headers=miniflare(RUN, asks))
    assert wrapped.status_code == 400


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True).filter(
    lambda name: (
        name.encode() not in OF_CONNECTION | {b"authorization", b"upgrade", b"x-forwarded"}
        and not name.startswith("mf-")
    )
)
HEADERS = st.dictionaries(NAMES, st.from_regex(r"[!-~]{0,12}", fullmatch=True), max_size=6)
SEGMENTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=6), max_size=4)
QUERY = st.dictionaries(st.text(max_size=4), st.text(max_size=6), max_size=3)
METHODS = st.sampled_from(["GET", "POST", "PATCH", "DELETE", "OPTIONS"])


class Reached:
    """Stands behind the door and keeps the scope."""

    scope: Scope

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope


def scope_of(method: str, path: str, query: str, headers: dict[str, str]) -> Scope:
    """As uvicorn makes it."""
    return {
        "type": "http",
        "method": method,
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "state": {},
    }


@pytest.mark.contract("6.1")
@given(METHODS, SEGMENTS, QUERY, HEADERS, st.binary(max_size=2))
async def test_the_same_request_in_every_form(
    method: str,
    segments: list[str],
    query: dict[str, str],
    headers: dict[str, str],
    size: bytes,
) -> None:
    """One scope behind the door: method, path, query and headers; wrangler's names the account."""
    path = "/" + "/".join(quote(segment, safe="") for segment in segments)
    question = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in query.items())
    url = f"{path}?{question}" if question else path
    own = {"host": "127.0.0.1:8686", "content-length": str(len(size))}
    key = {"authorization": "Bearer key"}
    forms = [
        scope_of(method, path, question, own | key | headers),
        scope_of(method, "/x", "MF-Binding=AI", own | key | miniflare(url, headers)),
        scope_of(method, "/x", "", own | miniflare(url, key | headers)),
        scope_of(method, PROXY, "", own | key | headers | {"X-Forwarded": ORIGIN + url}),
    ]
    seen: list[dict[str, Any]] = []
    for scope in forms:
        reached = Reached()
        await BindingDoor(reached, FrontDoor(Metrics(Clock())))(scope, _receive, _send)
        fields = ("type", "method", "path", "raw_path", "query_string")
        one = {name: reached.scope[name] for name in fields}
        one["headers"] = sorted(reached.scope["headers"])
        seen.append(one)
        wrapped = [name for name, _ in reached.scope["headers"] if name.startswith(PREFIX)]
        assert not wrapped
    assert seen == [seen[0]] * len(forms)
    config = Settings()
    assert account_of(forms[0], config) == ZEROS
    assert account_of(reached.scope, config) == ACCOUNT


async def _receive() -> Any:
    raise AssertionError("the door reads no body")


async def _send(message: Any) -> None:
    raise AssertionError(f"the door answered: {message}")


async def test_a_plain_request_passes_as_it_is() -> None:
    reached = Reached()
    scope = scope_of("POST", "/client/v4/user", "", {"host": "localhost", "accept": "*/*"})
    await BindingDoor(reached, FrontDoor(Metrics(Clock())))(scope, _receive, _send)
    assert reached.scope is scope
