"""Artifacts: files that versions of models need, each kept under the sha256 of its content."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
"""A name that is a file's on every system, and hidden on none."""

SHA256 = re.compile(r"[0-9a-f]{64}")
FOLDER = "artifacts"


class ArtifactError(Exception):
    """An artifact cannot be kept or found. The message says which and why."""


class ArtifactRefused(ArtifactError):
    """What was uploaded is not what was announced."""


class ArtifactTooLarge(ArtifactRefused):
    """What was uploaded has more bytes than an artifact may have."""


class ArtifactMissing(ArtifactError):
    """It is not kept here, or what is kept is damaged."""


class ArtifactUnavailable(ArtifactError, OSError):
    """The place where artifacts are kept cannot be used now."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What came in: `sha256` in 64 hexadecimal digits, `size` in bytes."""

    sha256: str
    size: int


class ArtifactStore(Protocol):
    """A place for artifacts. Every method raises ArtifactUnavailable."""

    async def put(
        self, parts: AsyncIterator[bytes], limit: int | None, expected: str | None = None
    ) -> Stored:
        """Keeps a stream of at most `limit` bytes, whole or not at all.

        Raises ArtifactTooLarge for more, ArtifactRefused for another sha256 than `expected`.
        """

    async def fetch(self, sha256: str, name: str) -> Path:
        """A local file of that name, verified just now. Raises ArtifactMissing."""


def open_artifacts(data_dir: Path, url: str | None) -> ArtifactStore:
    """The bucket of `url`, else a folder of the data directory.

    Raises ArtifactUnavailable for an URL that no bucket can be used by.
    """
    from fogbank.storage.artifacts_folder import FolderArtifacts

    folder = FolderArtifacts(data_dir / FOLDER)
    if url is None:
        return folder
    from fogbank.storage.artifacts_s3 import open_bucket

    return open_bucket(url, folder)
