"""Whether the disk has room, asked before the work and not found out in the middle of it."""

import shutil
from pathlib import Path

from fogbank.weights.errors import WeightsError

MARGIN = 256 << 20


def free_bytes(folder: Path) -> int:
    """Bytes free for us on the file system that holds `folder`, or will hold it."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def require_space(folder: Path, need: int, purpose: str) -> None:
    """`WeightsError` unless `need` bytes and a margin are free."""
    free = free_bytes(folder)
    if free >= need + MARGIN:
        return
    raise WeightsError(
        f"Too little disk space for {purpose}: {in_words(need + MARGIN)} needed,"
        f" {in_words(free)} free.",
        where=str(folder),
        hint="Make room, or put the data directory on another disk (FOGBANK_DATA_DIR).",
    )


def in_words(size: int) -> str:
    """A number of bytes for people: 1.2 GiB."""
    return f"{size / (1 << 30):.1f} GiB" if size >= 1 << 30 else f"{size / (1 << 20):.0f} MiB"
