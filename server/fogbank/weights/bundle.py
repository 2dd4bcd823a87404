"""A profile's weights in one file, for a machine without a network.

A plain tar, since weights do not compress. Its first member, `bundle.json`, lists every other with
size and SHA-256 and holds the profile's lock; the rest are `models/<slug>/<file>`.
"""

import hashlib
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fogbank.catalog.profile import Profile
from fogbank.catalog.weights import FolderWeights
from fogbank.weights import manifest
from fogbank.weights.digest import CHUNK, sha256_file
from fogbank.weights.disk import require_space
from fogbank.weights.errors import WeightsError
from fogbank.weights.exclusive import exclusive
from fogbank.weights.guard import check_folder, is_refused
from fogbank.weights.lock import ProfileLock, engine_folder, lock_path, read_lock, write_lock
from fogbank.weights.manifest import Manifest
from fogbank.weights.paths import is_slug, safe_join
from fogbank.weights.progress import Progress, silent
from fogbank.weights.store import WeightsStore

INDEX = "bundle.json"
_LARGEST_INDEX = 64 << 20


class BundleIndex(BaseModel):
    """`bundle.json`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = Field(1, ge=1, le=1)
    lock: ProfileLock
    models: dict[str, Manifest] = Field(description="Slug of each folder, and what it contains.")

    def members(self) -> Iterator[tuple[str, str, manifest.FileEntry]]:
        """Slug, file, and its entry, in the order of the archive."""
        for slug, content in self.models.items():
            for name, entry in content.files.items():
                yield slug, name, entry


@dataclass(frozen=True)
class BundleReport:
    """`models` are slugs. `sha256` is that of the whole bundle when one was written."""

    profile: str
    path: Path
    models: tuple[str, ...]
    size: int
    sha256: str | None = None
    notes: tuple[str, ...] = ()


def bundle(
    profile: Profile, store: WeightsStore, out: Path, progress: Progress = silent
) -> BundleReport:
    """Packs every assembled folder of the profile into `out`; all of them must be present."""
    folders, notes = _folders(profile, store)
    index = BundleIndex(lock=read_lock(store, profile.name), models=folders)
    total = sum(entry.size for _, _, entry in index.members())
    require_space(out.absolute().parent, total, f"the bundle {out.name}")
    partial = out.with_name(out.name + ".part")
    try:
        with partial.open("wb") as stream:
            hashing = _Hashing(stream)
            _write(index, store, hashing, progress, total)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    digest = hashing.digest.hexdigest()
    return BundleReport(profile.name, out, tuple(folders), out.stat().st_size, digest, tuple(notes))


def _folders(profile: Profile, store: WeightsStore) -> tuple[dict[str, Manifest], list[str]]:
    folders: dict[str, Manifest] = {}
    notes = []
    for name, spec in profile.engines.items():
        if isinstance(spec.weights, FolderWeights):
            notes.append(f"Engine {name} reads {spec.weights.folder}: copy that yourself.")
            continue
        folder = engine_folder(profile, name, store) if spec.weights else None
        found = manifest.read(folder) if folder else None
        if folder and found:
            folders[folder.name] = found
        elif spec.weights:
            raise WeightsError(
                f"The weights of engine {name} are not on this machine.",
                where=f"profile {profile.name}",
                hint=f"Run: fogbank pull --profile {profile.name}",
            )
    return folders, notes


def _write(
    index: BundleIndex, store: WeightsStore, stream: "_Hashing", progress: Progress, total: int
) -> None:
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as archive:
        text = index.model_dump_json(indent=1).encode()
        archive.addfile(_member(INDEX, len(text)), io.BytesIO(text))
        done = 0
        for slug, name, entry in index.members():
            progress("pack", done, total)
            path = safe_join(store.models / slug, name)
            if sha256_file(path) != entry.sha256:
                raise WeightsError(
                    f"{name} has changed since it was made.",
                    where=str(path),
                    hint="Remove these weights (`fogbank rm`) and pull them again.",
                )
            with path.open("rb") as source:
                archive.addfile(_member(f"models/{slug}/{name}", entry.size), source)
            done += entry.size
        progress("pack", total, total)


def _member(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    return info


class _Hashing(io.RawIOBase):
    """Passes on what is written, and hashes it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.digest = hashlib.sha256()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.digest.update(data)
        return self._stream.write(data)


def unbundle(
    path: Path, store: WeightsStore, progress: Progress = silent, sha256: str | None = None
) -> BundleReport:
    """Takes a bundle in: all of its folders and its lock, or nothing.

    `sha256` is that of the whole file, as `bundle` reported it on the other machine.
    """
    try:
        if sha256 and sha256_file(path) != sha256.lower():
            raise _broken(path, "its SHA-256 is not the one given")
        with tarfile.open(path, "r:") as archive:
            return _take_in(path, archive, store, progress)
    except (tarfile.TarError, EOFError) as error:
        raise _broken(path, f"the archive is cut off or damaged ({error})") from error
    except OSError as error:
        raise WeightsError(
            f"The bundle cannot be read or unpacked: {error}.", where=str(path)
        ) from error


def _take_in(
    path: Path, archive: tarfile.TarFile, store: WeightsStore, progress: Progress
) -> BundleReport:
    index = _index(path, archive, store)
    total = sum(entry.size for _, _, entry in index.members())
    require_space(store.models, total, f"unpacking {path.name}")
    partial = store.partial("")
    partial.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=partial, prefix=".bundle-") as temporary:
        _unpack(path, archive, index, Path(temporary), progress)
        for slug, content in index.models.items():
            made = Path(temporary) / slug
            check_folder(made, f"{path.name}, {slug}")
            manifest.write(made, content.source, content.files)
        for slug in index.models:
            with exclusive(store.lock_file(slug)):
                store.install(Path(temporary) / slug, slug)
    with exclusive(store.lock_file(f"{index.lock.profile}.lock.json")):
        write_lock(store, index.lock)
    return BundleReport(index.lock.profile, path, tuple(index.models), total)


def _index(path: Path, archive: tarfile.TarFile, store: WeightsStore) -> BundleIndex:
    first = archive.next()
    stream = archive.extractfile(first) if first and first.isreg() else None
    if first is None or first.name != INDEX or stream is None or first.size > _LARGEST_INDEX:
        raise _broken(path, f"it does not begin with {INDEX}")
    try:
        index = BundleIndex.model_validate_json(stream.read())
    except ValidationError as error:
        raise _broken(path, f"its {INDEX} is not valid") from error
    try:
        lock_path(store, index.lock.profile)
    except WeightsError as error:
        raise _broken(path, f"its profile is called {index.lock.profile!r}") from error
    for slug, name, _ in index.members():
        safe_join(path, name)
        if not is_slug(slug) or is_refused(name) or name == manifest.NAME:
            raise _broken(path, f"it lists {slug}/{name}, which no bundle holds")
    return index


def _unpack(
    path: Path, archive: tarfile.TarFile, index: BundleIndex, folder: Path, progress: Progress
) -> None:
    waiting = {f"models/{slug}/{name}": entry for slug, name, entry in index.members()}
    total = sum(entry.size for entry in waiting.values())
    done = 0
    while info := archive.next():
        entry = waiting.pop(info.name, None)
        source = archive.extractfile(info) if info.isreg() and not info.issparse() else None
        if entry is None or source is None or info.size != entry.size:
            raise _broken(path, f"it holds {info.name!r}, which is not as {INDEX} lists it")
        target = safe_join(folder, info.name.removeprefix("models/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        progress("unpack", done, total)
        with target.open("wb") as stream:
            shutil.copyfileobj(source, stream, CHUNK)
        if sha256_file(target) != entry.sha256:
            raise _broken(path, f"{info.name} has another SHA-256 than {INDEX} says")
        done += entry.size
    if waiting:
        raise _broken(path, f"{len(waiting)} files are missing, among them {min(waiting)}")
    progress("unpack", total, total)


def _broken(path: Path, what: str) -> WeightsError:
    return WeightsError(
        f"The bundle was not taken in: {what}.",
        where=str(path),
        hint="Nothing was changed. Copy the bundle again from where it was made.",
    )
