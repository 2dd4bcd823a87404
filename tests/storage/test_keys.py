import hashlib
import hmac
import stat
from pathlib import Path

import pytest

from fogbank.clock import TurnedClock
from fogbank.storage.keys import KeyNameTaken, KeyStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "fogbank.db"


def test_a_key_is_checked_by_its_secret(path: Path) -> None:
    store = KeyStore(path)
    secret = store.create("alice")
    other = store.create("bob")
    assert secret != other
    assert len(secret) >= 43
    assert store.check(secret) == "alice"
    assert store.check(other) == "bob"
    for wrong in ("", "x", secret[:-1], secret + "x", "é" * 43):
        assert store.check(wrong) is None
    store.close()


def test_another_process_is_seen_with_the_next_request(path: Path) -> None:
    server, command = KeyStore(path), KeyStore(path)
    assert not server.exist()
    secret = command.create("alice")
    assert server.exist()
    assert server.check(secret) == "alice"
    assert command.revoke("alice")
    assert server.check(secret) is None
    assert server.exist()
    assert not command.revoke("alice")
    assert not command.revoke("nobody")
    server.close()
    command.close()


def test_a_name_is_used_once(path: Path) -> None:
    store, other = KeyStore(path), KeyStore(path)
    store.create("alice")
    with pytest.raises(KeyNameTaken):
        other.create("alice")
    store.revoke("alice")
    with pytest.raises(KeyNameTaken):
        store.create("alice")
    store.close()
    other.close()


def test_the_list(path: Path) -> None:
    clock = TurnedClock()
    store = KeyStore(path, clock)
    secret = store.create("b")
    clock.turn(60)
    store.create("a")
    store.revoke("b")
    first, second = store.all()
    assert (first.name, second.name) == ("b", "a")
    assert secret.startswith(first.prefix)
    assert first.revoked_at == clock.now()
    assert (second.created_at - first.created_at).total_seconds() == 60
    assert second.revoked_at is None
    store.close()


def test_the_secret_is_not_kept_and_the_file_is_private(path: Path) -> None:
    store = KeyStore(path)
    secret = store.create("alice")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    store.close()
    data = path.read_bytes()
    assert secret.encode() not in data
    assert hashlib.sha256(secret.encode()).digest() in data


def test_every_key_is_compared_in_constant_time(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore(path)
    secrets = [store.create(name) for name in "abc"]
    compared: list[bytes] = []
    real = hmac.compare_digest

    def compare(a: bytes, b: bytes) -> bool:
        compared.append(a)
        return real(a, b)

    monkeypatch.setattr("fogbank.storage.keys.hmac.compare_digest", compare)
    assert store.check(secrets[0]) == "a"
    assert len(compared) == 3
    store.close()
