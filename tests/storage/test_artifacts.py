"""Artifacts: the same tests on a folder and on a bucket of a real S3 interface."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from fogbank.storage.artifacts import (
    NAME,
    ArtifactMissing,
    ArtifactRefused,
    ArtifactStore,
    ArtifactUnavailable,
    Stored,
    open_artifacts,
)
from tests.s3 import CREDENTIALS, Bucket, serving_s3

pytestmark = pytest.mark.anyio

CONTENT = os.urandom(3 * (1 << 20) + 17)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


async def parts(content: bytes, size: int = 65_536) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with serving_s3() as endpoint:
        yield endpoint


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def bucket(endpoint: str, credentials: None) -> Bucket:
    return Bucket(endpoint)


@pytest.fixture(params=["folder", "s3"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "folder":
        return None
    bucket: Bucket = request.getfixturevalue("bucket")
    return bucket.url


@pytest.fixture
def store(url: str | None, tmp_path: Path) -> ArtifactStore:
    return open_artifacts(tmp_path, url)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def test_what_was_put_is_found(store: ArtifactStore, url: str | None, tmp_path: Path) -> None:
    stored = await store.put(parts(CONTENT), len(CONTENT), SHA256)
    assert stored == Stored(SHA256, len(CONTENT))
    for opened in (store, open_artifacts(tmp_path, url)):
        path = await opened.fetch(SHA256, "factors.csv")
        assert (path.name, path.read_bytes()) == ("factors.csv", CONTENT)
    again = await store.put(parts(CONTENT), None)
    assert again == stored


async def test_an_empty_one(store: ArtifactStore) -> None:
    stored = await store.put(parts(b""), 0)
    assert (await store.fetch(stored.sha256, "empty")).read_bytes() == b""


async def test_too_large(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(ArtifactRefused, match="larger than 3 MiB"):
        await store.put(parts(CONTENT), 3 << 20)
    with pytest.raises(ArtifactRefused, match="larger than 10 bytes"):
        await store.put(parts(b"12345678901"), 10)
    assert files(tmp_path) == []


async def test_another_sha256_than_expected(store: ArtifactStore, tmp_path: Path) -> None:
    with pytest.raises(ArtifactRefused, match=f"is {SHA256}, but {'0' * 64} was expected"):
        await store.put(parts(CONTENT), None, "0" * 64)
    assert files(tmp_path) == []
    with pytest.raises(ArtifactMissing):
        await store.fetch(SHA256, "x")


async def test_an_upload_that_breaks_off(store: ArtifactStore, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield CONTENT
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        await store.put(broken(), None)
    assert files(tmp_path) == []


async def test_an_upload_that_is_cancelled(store: ArtifactStore, tmp_path: Path) -> None:
    reached = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield CONTENT
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.put(endless(), None))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await store.put(parts(b"another"), None)
    assert not [name for name in files(tmp_path) if name.startswith("incoming-")]


async def test_one_that_was_never_put(store: ArtifactStore) -> None:
    with pytest.raises(ArtifactMissing, match=r"factors\.csv \(sha256 0000"):
        await store.fetch("0" * 64, "factors.csv")


async def test_two_names_of_one_content(store: ArtifactStore) -> None:
    await store.put(parts(CONTENT), None)
    first, second = await store.fetch(SHA256, "a.csv"), await store.fetch(SHA256, "b.csv")
    assert first.samefile(second)


async def test_uploads_at_once(store: ArtifactStore) -> None:
    contents = [bytes([n]) * 100_000 for n in range(10)]
    stored = await asyncio.gather(*(store.put(parts(each), None) for each in contents))
    for each, content in zip(stored, contents, strict=True):
        assert (await store.fetch(each.sha256, "x")).read_bytes() == content


async def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    store = open_artifacts(tmp_path, None)
    await store.put(parts(CONTENT), None)
    path = await store.fetch(SHA256, "x")
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(ArtifactMissing, match=f"damaged: its sha256 should be {SHA256}"):
        await store.fetch(SHA256, "x")
    await store.put(parts(CONTENT), None)
    assert (await store.fetch(SHA256, "x")).read_bytes() == CONTENT


async def test_a_damaged_copy_is_fetched_again(bucket: Bucket, tmp_path: Path) -> None:
    store = open_artifacts(tmp_path, bucket.url)
    await store.put(parts(CONTENT), None)
    (await store.fetch(SHA256, "x")).write_bytes(b"damaged")
    assert (await store.fetch(SHA256, "x")).read_bytes() == CONTENT


async def test_a_damaged_object_is_told(bucket: Bucket, tmp_path: Path) -> None:
    await open_artifacts(tmp_path / "one", bucket.url).put(parts(CONTENT), None)
    key = f"some/prefix/sha256/{SHA256[:2]}/{SHA256}"
    assert bucket.read(key) == CONTENT
    bucket.write(key, b"another")
    with pytest.raises(ArtifactMissing, match="damaged in s3://"):
        await open_artifacts(tmp_path / "two", bucket.url).fetch(SHA256, "x")


async def test_another_machine_finds_it_in_the_bucket(bucket: Bucket, tmp_path: Path) -> None:
    await open_artifacts(tmp_path / "one", bucket.url).put(parts(CONTENT), None)
    path = await open_artifacts(tmp_path / "two", bucket.url).fetch(SHA256, "x")
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(tmp_path / "two")


async def test_what_an_earlier_server_left_is_swept(tmp_path: Path) -> None:
    folder = tmp_path / "artifacts"
    folder.mkdir()
    (folder / "incoming-old").write_bytes(b"half")
    (folder / "incoming-new").write_bytes(b"half")
    before = time.time() - 90_000
    os.utime(folder / "incoming-old", (before, before))
    await open_artifacts(tmp_path, None).put(parts(b"x"), None)
    assert not (folder / "incoming-old").exists()
    assert (folder / "incoming-new").exists()


async def test_a_disk_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "artifacts").write_text("a file")
    with pytest.raises(ArtifactUnavailable, match="cannot be kept on this disk"):
        await open_artifacts(tmp_path, None).put(parts(b"x"), None)


async def test_a_bucket_that_is_not_there(endpoint: str, credentials: None, tmp_path: Path) -> None:
    store = open_artifacts(tmp_path, f"s3://nowhere?endpoint={endpoint}")
    with pytest.raises(ArtifactUnavailable, match="s3://nowhere cannot be used"):
        await store.put(parts(b"x"), None)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3:///prefix", "cannot be read"),
        ("s3://bucket?endpont=http://127.0.0.1", "cannot be read"),
        ("s3://bucket?endpoint=127.0.0.1:9000", "is no endpoint"),
        ("s3://bucket?endpoint=http://example.org", "not encrypted"),
        ("s3://bucket?endpoint=http://8.8.8.8:9000", "not encrypted"),
    ],
)
def test_urls_that_are_refused(url: str, told: str, credentials: None, tmp_path: Path) -> None:
    with pytest.raises(ArtifactUnavailable, match=told):
        open_artifacts(tmp_path, url)


def test_a_bucket_needs_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    with pytest.raises(ArtifactUnavailable, match="AWS_ACCESS_KEY_ID"):
        open_artifacts(tmp_path, "s3://bucket?endpoint=https://example.org")


@pytest.mark.parametrize("name", ["a.csv", "A-1_b", "x" * 128])
def test_safe_names(name: str) -> None:
    assert NAME.fullmatch(name)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../a", "a/b", "a\\b", ".a", "a\n", "ä", "x" * 129]
)
def test_unsafe_names(name: str) -> None:
    assert not NAME.fullmatch(name)
