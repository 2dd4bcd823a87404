"""Who may call at all: keys (contract 2.4), Host and Origin (decisions.md 5 and 15)."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fogbank.storage.keys import KeyStore
from tests.dialects.workers_ai.test_run import turned_away
from tests.server import RUN, TEXT, Running, running, settings

pytestmark = pytest.mark.anyio
BODY = {"prompt": "hello"}
DENIED = (401, (10000, "Authentication error"))


@pytest.fixture
async def store(fogbank: Running) -> AsyncIterator[KeyStore]:
    """The keys as the command line opens them, beside the running server."""
    store = KeyStore(fogbank.settings.data_dir / "fogbank.db")
    yield store
    store.close()


async def call(fogbank: Running, **headers: str) -> int:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await fogbank.run(TEXT, BODY, headers=sent)).status_code


@pytest.mark.contract("2.4", "decision 5")
@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer anything"}])
async def test_without_keys_any_token_or_none(fogbank: Running, headers: dict[str, str]) -> None:
    assert await call(fogbank, **headers) == 200


@pytest.mark.contract("1.1", "2.4", "decision 5")
async def test_keys_come_and_go_without_a_restart(fogbank: Running, store: KeyStore) -> None:
    assert await call(fogbank) == 200
    secret = store.create("alice")
    turned_away(await fogbank.run(TEXT, BODY), *DENIED)
    assert await call(fogbank, authorization=f"Bearer {secret}") == 200
    assert await call(fogbank, authorization=f"bearer  {secret} ") == 200
    assert await call(fogbank, x_auth_key=secret, x_auth_email="a@example.com") == 200
    assert await call(fogbank, x_auth_user_service_key=secret) == 200
    store.revoke("alice")
    assert await call(fogbank, authorization=f"Bearer {secret}") == 401
    assert await call(fogbank) == 401


@pytest.mark.contract("2.4", "decision 5")
@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer ", "Basic Zm9n", "fog_x", "Bearer fog_x", "Bearer \xe9", "'; --"]
)
async def test_wrong_tokens(fogbank: Running, store: KeyStore, value: str) -> None:
    store.create("alice")
    headers = [(b"authorization", value.encode("latin-1"))]
    response = await fogbank.client.post(RUN + TEXT, json=BODY, headers=headers)
    turned_away(response, *DENIED)


@pytest.mark.contract("2.4", "decision 5")
async def test_every_route_but_health_asks(fogbank: Running, store: KeyStore) -> None:
    store.create("alice")
    for path in ("/metrics", "/fogbank/models", "/fogbank/engines", "/nothing"):
        turned_away(await fogbank.client.get(path), *DENIED)
    turned_away(await fogbank.client.post("/fogbank/engines/text/unload"), *DENIED)
    for path in ("/health/live", "/health/ready"):
        assert (await fogbank.client.get(path)).status_code == 200


@pytest.mark.contract("2.4", "decision 5")
@pytest.mark.parametrize("config", [{"host": "0.0.0.0"}, {"keys": "always"}])
@pytest.mark.parametrize("never", [False, True])
async def test_where_keys_are_always_asked_for(
    tmp_path: Path, config: dict[str, str], never: bool
) -> None:
    if never and "host" in config:
        config = config | {"keys": "never"}
    async with running(settings(tmp_path, **config)) as it:
        turned_away(await it.run(TEXT, BODY), *DENIED)


@pytest.mark.contract("decision 5")
async def test_never_asks_on_loopback(tmp_path: Path) -> None:
    async with running(settings(tmp_path, keys="never")) as it:
        store = KeyStore(tmp_path / "fogbank.db")
        store.create("alice")
        store.close()
        assert await call(it) == 200


@pytest.mark.contract("decision 15")
@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8686", "127.0.0.1:8686", "[::1]:8686", "workers-binding.ai", "my.lan"],
)
async def test_known_hosts(tmp_path: Path, host: str) -> None:
    async with running(settings(tmp_path, allowed_hosts=" My.lan , x")) as it:
        assert await call(it, host=host) == 200


@pytest.mark.contract("decision 15")
@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:8686", "[", "", "a b"]
)
async def test_unknown_hosts(fogbank: Running, host: str) -> None:
    response = await fogbank.run(TEXT, BODY, headers={"host": host})
    assert response.status_code == 403
    assert "FOGBANK_ALLOWED_HOSTS" in response.json()["errors"][0]["message"]
    assert fogbank.engine.started == 0


@pytest.mark.contract("decision 15")
@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173", "https://my.app"]
)
async def test_known_origins(tmp_path: Path, origin: str) -> None:
    async with running(settings(tmp_path, allowed_origins="https://MY.app")) as it:
        assert await call(it, origin=origin) == 200


@pytest.mark.contract("decision 15")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example", "https://my.app:1"]
)
async def test_unknown_origins(tmp_path: Path, origin: str) -> None:
    async with running(settings(tmp_path, allowed_origins="https://my.app")) as it:
        response = await it.run(TEXT, BODY, headers={"origin": origin})
    assert response.status_code == 403
    assert "FOGBANK_ALLOWED_ORIGINS" in response.json()["errors"][0]["message"]


@pytest.mark.contract("decision 15")
async def test_with_a_key_host_and_origin_do_not_matter(fogbank: Running, store: KeyStore) -> None:
    token = f"Bearer {store.create('alice')}"
    assert await call(fogbank, authorization=token, host="x.lan", origin="https://a.example") == 200
