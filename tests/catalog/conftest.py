from dataclasses import dataclass
from pathlib import Path

import pytest

from fogbank.catalog.catalog import Catalog
from fogbank.catalog.loader import load_catalog
from fogbank.catalog.mistakes import CatalogError, Mistake

CARD = """\
name: "@cf/test/alpha"
task: Text Generation
family: test
input: text-generation
"""

PROFILE = """\
name: small
description: For a test.
hardware: cpu
engines:
  one:
    engine: fake
models:
  "@cf/test/alpha":
    engine: one
"""


@dataclass
class Folders:
    """A package's data and an operator's data directory, empty at first."""

    package: Path
    data: Path

    def write(self, path: str, text: str) -> Path:
        """`path` begins with package/ or data/."""
        file = self.package.parent / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def load(self) -> Catalog:
        return load_catalog(self.package, self.data)

    def mistakes(self) -> list[Mistake]:
        with pytest.raises(CatalogError) as caught:
            self.load()
        return list(caught.value.mistakes)

    def only_mistake(self) -> str:
        """The text of the one mistake, without the path of its folder."""
        (mistake,) = self.mistakes()
        return str(mistake).replace(f"{mistake.file.parent}/", "")


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    """A card `@cf/test/alpha` in models/alpha.yaml and the profile `small` that serves it."""
    result = Folders(tmp_path / "package", tmp_path / "data")
    result.write("package/models/alpha.yaml", CARD)
    result.write("package/profiles/small.yaml", PROFILE)
    return result
