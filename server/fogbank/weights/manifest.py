"""`fogbank.json`: what an assembled folder was made of and what it must contain."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fogbank.catalog.weights import Sha256
from fogbank.weights.digest import sha256_file
from fogbank.weights.errors import WeightsError
from fogbank.weights.paths import safe_join
from fogbank.weights.progress import Progress, silent

NAME = "fogbank.json"


class FileEntry(BaseModel):
    """One file: bytes and SHA-256."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    size: int = Field(ge=0)
    sha256: Sha256


class Manifest(BaseModel):
    """The whole of it. Written last, so a folder that has one is complete."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: int = 1
    source: dict[str, str] = Field(description="Where the content came from, by kind of source.")
    files: dict[str, FileEntry] = Field(description="Relative path to size and SHA-256.")

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(entry.size for entry in self.files.values())


def describe(folder: Path, progress: Progress = silent) -> dict[str, FileEntry]:
    """Size and SHA-256 of every file below `folder`, the manifest itself left out."""
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).as_posix() != NAME
    )
    total = sum(path.stat().st_size for path in paths)
    done = 0

    def tick(size: int) -> None:
        nonlocal done
        done += size
        progress("checksums", done, total)

    return {
        path.relative_to(folder).as_posix(): FileEntry(
            size=path.stat().st_size, sha256=sha256_file(path, tick)
        )
        for path in paths
    }


def write(folder: Path, source: dict[str, str], files: dict[str, FileEntry]) -> Manifest:
    """Writes the manifest; the last thing done to a folder before it takes its place."""
    manifest = Manifest(source=source, files=files)
    (folder / NAME).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return manifest


def read(folder: Path) -> Manifest | None:
    """The manifest if it is there and sound and every file has its size; else None."""
    try:
        manifest = Manifest.model_validate_json((folder / NAME).read_bytes())
        for name, entry in manifest.files.items():
            if safe_join(folder, name).stat().st_size != entry.size:
                return None
    except (OSError, ValidationError, WeightsError):
        return None
    return manifest


def verify(folder: Path, progress: Progress = silent) -> list[str]:
    """Every difference between the folder and its manifest, as sentences; empty when sound."""
    try:
        manifest = Manifest.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError):
        return [f"{NAME} is missing or damaged"]
    found = describe(folder, progress)
    missing = [f"{name} is missing" for name in manifest.files if name not in found]
    strange = [f"{name} does not belong there" for name in found if name not in manifest.files]
    changed = [
        f"{name} has another SHA-256 than when it was made"
        for name, entry in manifest.files.items()
        if name in found and found[name].sha256 != entry.sha256
    ]
    return [*missing, *strange, *changed]
