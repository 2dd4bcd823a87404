"""`fogbank keys` beside a running server: no restart is needed. No weights are needed either."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import yaml

from tests.real_server import FOGBANK, RealServer, environment, serving
from tests.server import RUN, TEXT

PROFILE = {
    "name": "fake",
    "description": "For a test.",
    "hardware": "cpu",
    "engines": {"text": {"engine": "fake"}},
    "models": {TEXT: {"engine": "text"}},
}
CARD = {"name": TEXT, "task": "Text Generation", "input": "text-generation"}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("data")
    for folder, name, content in (("profiles", "fake", PROFILE), ("cards", "test", CARD)):
        (made / folder).mkdir()
        (made / folder / f"{name}.yaml").write_text(yaml.safe_dump(content))
    return made


@pytest.fixture(scope="module")
def server(data_dir: Path) -> Iterator[RealServer]:
    with serving(data_dir, data_dir / "log", "--profile", "fake", seconds=60) as started:
        yield started
        started.end()


def keys(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FOGBANK, "keys", *arguments, "--data-dir", str(data_dir)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def status(server: RealServer, key: str | None) -> int:
    """Of a plain request with this key."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    url = f"{server.url}{RUN}{TEXT}"
    response = httpx2.post(url, json={"prompt": "a"}, headers=headers, trust_env=False)
    if response.status_code == 401:
        assert response.json() == {
            "result": None,
            "success": False,
            "errors": [{"code": 10000, "message": "Authentication error"}],
            "messages": [],
        }
    return response.status_code


@pytest.mark.contract("2.4", "decision 5")
def test_keys_are_made_used_and_revoked_while_the_server_runs(
    server: RealServer, data_dir: Path
) -> None:
    assert status(server, None) == 200
    made = keys(data_dir, "create", "alice")
    assert made.returncode == 0, made.stderr
    alice = made.stdout.strip()
    bob = keys(data_dir, "create", "bob").stdout.strip()
    assert [status(server, key) for key in (None, "wrong", alice, bob)] == [401, 401, 200, 200]
    listed = keys(data_dir, "list").stdout
    assert "alice" in listed
    assert alice not in listed
    assert keys(data_dir, "revoke", "alice").returncode == 0
    assert [status(server, key) for key in (alice, bob)] == [401, 200]
    assert keys(data_dir, "create", "alice").returncode != 0
    stored = b"".join(path.read_bytes() for path in data_dir.glob("fogbank.db*"))
    assert b"alice" in stored
    assert alice.encode() not in stored
    assert alice not in server.log.read_text()


def test_the_last_key_that_goes_does_not_open_the_door(server: RealServer, data_dir: Path) -> None:
    keys(data_dir, "create", "carol")
    for name in ("alice", "bob", "carol"):
        keys(data_dir, "revoke", name)
    assert status(server, None) == 401
    assert httpx2.get(f"{server.url}/health/ready", trust_env=False).status_code == 200
    for path in ("/metrics", "/fogbank/engines"):
        assert httpx2.get(server.url + path, trust_env=False).status_code == 401


@pytest.mark.contract("decision 5")
def test_another_address_needs_a_key_first(tmp_path: Path) -> None:
    for folder, name, content in (("profiles", "fake", PROFILE), ("cards", "test", CARD)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"{name}.yaml").write_text(json.dumps(content))
    done = subprocess.run(
        [*FOGBANK, "serve", "--profile", "fake", "--host", "0.0.0.0", "--port", "0"],
        env={**environment(), "FOGBANK_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "fogbank keys create" in done.stderr
