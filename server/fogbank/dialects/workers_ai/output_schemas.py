"""Output schemas are data: `model_configs/schemas/output/<name>.yaml`, for models/schema only."""

from functools import cache
from pathlib import Path
from typing import Any

from fogbank.catalog.document import read_document
from fogbank.catalog.mistakes import CatalogError


def load_output_schemas(package_data: Path, data_dir: Path | None) -> dict[str, Any]:
    """Every one by name; a file of the operator's replaces the packaged one. Raises CatalogError.

    They promise, they check nothing: what a model answers is rendered by its form.
    """
    own = _read(data_dir) if data_dir else {}
    return {**_packaged(package_data), **own}


@cache
def _packaged(root: Path) -> dict[str, Any]:
    """Read once in a process: these files do not change."""
    return _read(root)


def _read(root: Path) -> dict[str, Any]:
    documents = [read_document(file) for file in sorted((root / "schemas/output").glob("*.yaml"))]
    if mistakes := [mistake for document in documents for mistake in document.mistakes]:
        raise CatalogError(mistakes)
    return {document.file.stem: document.data for document in documents}


def plain(schema: Any) -> Any:
    """A schema without keywords of our own (`x-...`), which mean nothing to a client."""
    if isinstance(schema, dict):
        return {key: plain(item) for key, item in schema.items() if not key.startswith("x-")}
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    return schema
