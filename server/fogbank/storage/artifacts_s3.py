"""Artifacts in a bucket that speaks S3's protocol, through obstore (the extra `s3`).

`s3://BUCKET/PREFIX?endpoint=http://HOST:PORT&region=NAME`; credentials come from the usual AWS_*
variables. What was fetched once stays in a folder, and is verified there at each use.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from fogbank.storage.artifacts import ArtifactMissing, ArtifactUnavailable, Stored
from fogbank.storage.artifacts_folder import FolderArtifacts

if TYPE_CHECKING:
    from obstore.store import S3Store

EXPECTED = "expected s3://BUCKET/PREFIX?endpoint=URL&region=NAME"
CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)


class BucketArtifacts:
    """An `ArtifactStore` in a bucket, with a folder of copies on this machine."""

    def __init__(self, store: "S3Store", where: str, copies: FolderArtifacts) -> None:
        self._store = store
        self._where = where
        self._copies = copies

    async def put(
        self, parts: AsyncIterator[bytes], limit: int | None, expected: str | None = None
    ) -> Stored:
        import obstore

        stored = await self._copies.put(parts, limit, expected)
        copy = await self._copies.fetch(stored.sha256, "upload")
        with self._usable():
            await obstore.put_async(self._store, _key(stored.sha256), copy)
        return stored

    async def fetch(self, sha256: str, name: str) -> Path:
        try:
            return await self._copies.fetch(sha256, name)
        except ArtifactMissing:
            await self._copy(sha256, name)
            return await self._copies.fetch(sha256, name)

    async def _copy(self, sha256: str, name: str) -> None:
        import obstore

        with self._usable():
            try:
                found = await obstore.get_async(self._store, _key(sha256))
            except FileNotFoundError:
                raise ArtifactMissing(f"{name} (sha256 {sha256}) is not in {self._where}") from None
            stored = await self._copies.put(_parts(found.stream()), None)
        if stored.sha256 != sha256:
            raise ArtifactMissing(
                f"{name} is damaged in {self._where}: its sha256 should be {sha256},"
                f" is {stored.sha256}"
            )

    @contextmanager
    def _usable(self) -> Iterator[None]:
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            text = " ".join(str(error).partition("Debug source")[0].split())[:500]
            raise ArtifactUnavailable(f"{self._where} cannot be used: {text}") from error


async def _parts(stream: AsyncIterator[object]) -> AsyncIterator[bytes]:
    async for part in stream:
        yield bytes(part)  # type: ignore[call-overload]  # obstore.Bytes is a buffer


def open_bucket(url: str, copies: FolderArtifacts) -> BucketArtifacts:
    """The bucket of an URL; nothing is asked of it yet. Raises ArtifactUnavailable."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(query) - {"endpoint", "region"}
    if parts.scheme != "s3" or not parts.hostname or "@" in parts.netloc or unknown:
        raise ArtifactUnavailable(f"the URL of the artifacts cannot be read; {EXPECTED}")
    if not any(os.environ.get(name) for name in CREDENTIALS):
        raise ArtifactUnavailable(
            "artifacts in a bucket need credentials: set AWS_ACCESS_KEY_ID and"
            " AWS_SECRET_ACCESS_KEY"
        )
    try:
        from obstore.store import S3Store
    except ImportError:
        raise ArtifactUnavailable(
            "artifacts in a bucket need obstore:  pip install 'fogbank[s3]'"
        ) from None
    endpoint = query.get("endpoint")
    store = S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        region=query.get("region") or os.environ.get("AWS_REGION") or "us-east-1",
        client_options={"allow_http": _plain(endpoint), "timeout": timedelta(minutes=10)},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=20)},
        config={"endpoint": endpoint} if endpoint else {},
    )
    return BucketArtifacts(store, f"s3://{parts.netloc}{parts.path}", copies)


def _plain(endpoint: str | None) -> bool:
    """Whether the endpoint is http, which is for addresses of this machine and its network."""
    if endpoint is None:
        return False
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ArtifactUnavailable(f"{endpoint!r} is no endpoint of a bucket; {EXPECTED}")
    if parts.scheme == "https":
        return False
    try:
        near = ip_address(parts.hostname).is_private
    except ValueError:
        near = parts.hostname == "localhost"
    if not near:
        raise ArtifactUnavailable(
            f"{endpoint} is not encrypted: http is for loopback and private addresses; use https"
        )
    return True


def _key(sha256: str) -> str:
    return f"sha256/{sha256[:2]}/{sha256}"
