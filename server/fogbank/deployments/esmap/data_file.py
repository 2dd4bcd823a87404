"""A YAML file of a model: one that came with Fogbank, or an artifact of a version."""

from pathlib import Path
from typing import Any

from fogbank.catalog.document import read_document


def read_data(path: Path) -> Any:
    """What the file says. Raises ValueError, with all mistakes, for one that cannot be read."""
    document = read_document(path)
    if document.mistakes:
        raise ValueError("; ".join(map(str, document.mistakes)))
    return document.data
