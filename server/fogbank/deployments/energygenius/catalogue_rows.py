"""What the readers of a catalogue's two formats make: records that are not yet plans."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Wrong:
    """A mistake. `line` counts from 1, 0 for the whole; `key` as the author wrote it."""

    line: int
    key: str
    message: str

    def as_json(self) -> dict[str, Any]:
        """An item of the answer of POST /api/catalogue/validate."""
        return {"line": self.line, "key": self.key, "message": self.message}


@dataclass(slots=True)
class Raw:
    """`records` with the lines that they begin in; `skipped` were left out on purpose."""

    records: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    wrong: list[Wrong] = field(default_factory=list)
    skipped: int = 0
    sample: bool = False
    note: str = ""
    source: str = ""
    date: str = ""
