"""What is wrong in a file of the catalogue, said so that its author can mend it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One mistake. `line` counts from 1; 0 where the file as a whole is meant."""

    file: Path
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        text = f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"
        return text.encode("utf-8", "backslashreplace").decode()


class CatalogError(Exception):
    """Cards or profiles cannot be used. `mistakes` has every mistake of every file, in order."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        count = len(self.mistakes)
        title = "1 mistake" if count == 1 else f"{count} mistakes"
        super().__init__("\n".join([f"{title} in the catalogue:", *map(str, self.mistakes)]))
