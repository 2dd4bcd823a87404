"""`locks/<profile>.lock.json`: which weights a profile means, to the byte."""

import os
import tempfile
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fogbank.catalog.profile import Profile
from fogbank.catalog.weights import HubWeights, PackageWeights, Weights
from fogbank.weights.errors import WeightsError
from fogbank.weights.manifest import FileEntry
from fogbank.weights.paths import safe_join
from fogbank.weights.store import WeightsStore, is_commit


class LockedSource(BaseModel):
    """What one engine's weights were when they were first pulled."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str = Field(description="The package pin, the hub repository, or the folder.")
    revision: str | None = Field(None, description="The hub revision that the profile asks for.")
    commit: str | None = Field(None, description="The commit that it was.")
    sha256: str | None = Field(None, description="Of the package's wheel.")
    files: dict[str, FileEntry] = Field(default_factory=dict)


class ProfileLock(BaseModel):
    """The file. `engines` has the profile's engine names as keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    profile: str
    engines: dict[str, LockedSource] = Field(default_factory=dict)


def lock_path(store: WeightsStore, profile: str) -> Path:
    """Where the lock of a profile lies."""
    return safe_join(store.locks, f"{profile}.lock.json")


def read_lock(store: WeightsStore, profile: str) -> ProfileLock:
    """The profile's lock, an empty one if there is none; `WeightsError` if it is damaged."""
    path = lock_path(store, profile)
    try:
        return ProfileLock.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return ProfileLock(profile=profile)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WeightsError(
            f"The lock of profile {profile} is damaged: {place}: {first['msg']}.",
            where=str(path),
            hint="Restore the file, or delete it to resolve the revisions anew.",
        ) from error


def write_lock(store: WeightsStore, lock: ProfileLock) -> Path:
    """Replaces the file in one step."""
    path = lock_path(store, lock.profile)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = lock.model_dump_json(indent=2, exclude_none=True) + "\n"
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".lock-", delete=False
    ) as stream:
        stream.write(text)
    os.chmod(stream.name, 0o644)
    os.replace(stream.name, path)
    return path


def locked(lock: ProfileLock, engine: str, weights: Weights) -> LockedSource | None:
    """The engine's entry, if it speaks of these very weights; an edited profile makes it void."""
    entry = lock.engines.get(engine)
    if entry is None:
        return None
    if isinstance(weights, HubWeights):
        same = (entry.source, entry.revision) == (weights.hub, weights.revision)
    elif isinstance(weights, PackageWeights):
        same = (entry.source, entry.sha256) == (weights.package, weights.sha256)
    else:
        same = entry.source == weights.folder
    return entry if same else None


def pinned(lock: ProfileLock, engine: str, weights: Weights) -> Weights:
    """The weights with the locked commit in place of a branch or tag."""
    entry = locked(lock, engine, weights)
    if isinstance(weights, HubWeights) and entry and entry.commit:
        return weights.model_copy(update={"revision": entry.commit})
    return weights


def unlocked(profile: Profile, store: WeightsStore) -> list[str]:
    """Engines whose hub revision may still move, because no lock holds its commit."""
    lock = read_lock(store, profile.name)
    return [
        name
        for name, spec in profile.engines.items()
        if isinstance(spec.weights, HubWeights)
        and not is_commit(spec.weights.revision)
        and locked(lock, name, spec.weights) is None
    ]


def is_locked(profile: Profile, store: WeightsStore) -> bool:
    """Whether every revision of the profile is fixed to a commit."""
    return not unlocked(profile, store)


def engine_folder(profile: Profile, engine: str, store: WeightsStore) -> Path | None:
    """The complete folder that an engine of the profile loads; None where it must be pulled."""
    weights = profile.engines[engine].weights
    if weights is None:
        return None
    weights = pinned(read_lock(store, profile.name), engine, weights)
    return store.path_for(weights) if store.present(weights) else None
