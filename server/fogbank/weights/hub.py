"""Weights of a hub: a revision resolved to a commit, its files fetched and checked."""

import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fogbank.catalog.weights import HubWeights
from fogbank.weights.digest import git_blob_sha1, sha256_file
from fogbank.weights.errors import WeightsError
from fogbank.weights.guard import is_refused, refuse_remote_code, require_safetensors
from fogbank.weights.hub_client import HubClient
from fogbank.weights.manifest import NAME as MANIFEST
from fogbank.weights.manifest import FileEntry
from fogbank.weights.paths import safe_join
from fogbank.weights.progress import Progress
from fogbank.weights.store import is_commit

_PART = ".part"
_PARALLEL = 4


@dataclass(frozen=True)
class HubFile:
    """A file as the hub describes it: `sha256` for large files, git's `blob` for the others."""

    name: str
    size: int
    sha256: str | None
    blob: str | None


@dataclass(frozen=True)
class Snapshot:
    """A repository at one commit, and those of its files that are wanted."""

    hub: str
    commit: str
    files: tuple[HubFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all wanted files."""
        return sum(file.size for file in self.files)

    def missing(self, folder: Path) -> int:
        """Bytes still to fetch into `folder`."""
        names = [name for file in self.files for name in (file.name, file.name + _PART)]
        there = [folder / name for name in names]
        return self.size - sum(path.stat().st_size for path in there if path.is_file())


def resolve(client: HubClient, weights: HubWeights) -> Snapshot:
    """Asks the hub once what the revision is; refuses what has no safetensors."""
    answer = client.model(weights.hub, weights.revision)
    where = f"{client.endpoint}/{weights.hub}"
    commit = answer.get("sha")
    if not isinstance(commit, str) or not is_commit(commit):
        raise WeightsError("The hub did not say which commit the revision is.", where=where)
    if is_commit(weights.revision) and commit != weights.revision:
        raise WeightsError(
            f"The hub answered commit {commit} when asked for {weights.revision}.", where=where
        )
    siblings = answer.get("siblings")
    every = [_file(entry, where) for entry in (siblings if isinstance(siblings, list) else [])]
    wanted = tuple(
        file
        for file in every
        if _matches(file.name, weights.allow)
        and not _matches(file.name, weights.ignore)
        and not is_refused(file.name)
        and not _hidden(file.name)
        and file.name != MANIFEST
    )
    fetched = [file.name for file in wanted]
    pickled = [file.name for file in every if file.name not in fetched and is_refused(file.name)]
    require_safetensors([*fetched, *pickled], where)
    return Snapshot(weights.hub, commit, wanted)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part != ".." for part in name.split("/"))


def _file(entry: Any, where: str) -> HubFile:
    try:
        lfs = entry.get("lfs") or {}
        return HubFile(
            name=str(entry["rfilename"]),
            size=int(lfs.get("size", entry["size"])),
            sha256=lfs.get("sha256") or lfs.get("oid"),
            blob=None if lfs else entry["blobId"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise WeightsError(
            "The hub's list of files lacks a name, a size or a checksum.",
            where=where,
            hint="Check HF_ENDPOINT: a mirror must give files with their checksums (`blobs=true`).",
        ) from error


def fetch(
    client: HubClient,
    snapshot: Snapshot,
    folder: Path,
    progress: Progress,
    locked: Mapping[str, FileEntry] | None = None,
) -> dict[str, FileEntry]:
    """Fetches what `folder` lacks; every file's size and SHA-256.

    Configuration first, so that a repository that wants its own code run is refused before its
    weights are fetched. `locked` are the checksums of an earlier pull, which must be met.
    """
    counter = _Counter(snapshot.size, f"fetch {snapshot.hub}", progress)
    job = _Fetch(client, snapshot, folder, counter, locked or {})
    small = [file for file in snapshot.files if not file.name.endswith(".safetensors")]
    large = [file for file in snapshot.files if file.name.endswith(".safetensors")]
    entries = job.all(small)
    refuse_remote_code(folder, f"{client.endpoint}/{snapshot.hub}")
    return entries | job.all(large)


class _Counter:
    """Adds up what several threads have fetched."""

    def __init__(self, total: int, step: str, progress: Progress) -> None:
        self._total, self._step, self._progress = total, step, progress
        self._done = 0
        self._mutex = threading.Lock()

    def add(self, size: int) -> None:
        with self._mutex:
            self._done += size
            self._progress(self._step, self._done, self._total)


@dataclass(frozen=True)
class _Fetch:
    client: HubClient
    snapshot: Snapshot
    folder: Path
    counter: _Counter
    locked: Mapping[str, FileEntry]

    def all(self, files: list[HubFile]) -> dict[str, FileEntry]:
        """Several at a time; the first failure stops those that have not begun."""
        with ThreadPoolExecutor(_PARALLEL, thread_name_prefix="fetch") as pool:
            futures = {file.name: pool.submit(self.one, file) for file in files}
            try:
                return {name: future.result() for name, future in futures.items()}
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def one(self, file: HubFile) -> FileEntry:
        """A file under its own name has been checked; under `.part` it has not."""
        target = safe_join(self.folder, file.name)
        if target.is_file():
            self.counter.add(target.stat().st_size)
            return self._entry(file, target)
        part = target.with_name(target.name + _PART)
        if part.exists():
            self.counter.add(part.stat().st_size)
        self.client.download(
            self.snapshot.hub, self.snapshot.commit, file.name, part, file.size, self.counter.add
        )
        if not file.size:
            part.touch()
        entry = self._entry(file, part)
        part.rename(target)
        return entry

    def _entry(self, file: HubFile, path: Path) -> FileEntry:
        found = FileEntry(size=path.stat().st_size, sha256=sha256_file(path))
        locked = self.locked.get(file.name)
        wrong = None
        if file.sha256 and found.sha256 != file.sha256:
            wrong = f"the hub states SHA-256 {file.sha256}"
        elif file.blob and git_blob_sha1(path) != file.blob:
            wrong = f"the hub states the git blob {file.blob}"
        elif locked and found.sha256 != locked.sha256:
            wrong = f"the profile's lock states SHA-256 {locked.sha256}"
        if wrong is None:
            return found
        path.unlink()
        raise WeightsError(
            f"{file.name} has SHA-256 {found.sha256}, but {wrong}. It was deleted.",
            where=f"{self.client.endpoint}/{self.snapshot.hub} at {self.snapshot.commit}",
            hint="Pull again. If it happens twice, something between the hub and this machine"
            " changes files, or the lock was edited.",
        )
