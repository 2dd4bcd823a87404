"""Input schemas are data: `model_configs/schemas/<name>.yaml`, named by the `input` of a card."""

from pathlib import Path

from fogbank.catalog.document import read_document
from fogbank.catalog.mistakes import CatalogError, Mistake
from fogbank.dialects.workers_ai.validation import InputSchema
from fogbank.dialects.workers_ai.validation_compile import SchemaError

_SUFFIXES = {".yaml", ".yml", ".json"}


def load_schemas(package_data: Path, data_dir: Path | None) -> dict[str, InputSchema]:
    """Every schema by name; a file in the operator's `schemas` replaces the packaged one.

    Raises CatalogError with every mistake of every file (file, line, key, what was expected).
    """
    schemas: dict[str, InputSchema] = {}
    mistakes: list[Mistake] = []
    for root in (package_data, data_dir):
        if root is None:
            continue
        for file in sorted((root / "schemas").glob("*")):
            if file.suffix in _SUFFIXES:
                found = _load(file)
                if isinstance(found, InputSchema):
                    schemas[file.stem] = found
                else:
                    mistakes += found
    if mistakes:
        raise CatalogError(mistakes)
    return schemas


def _load(file: Path) -> InputSchema | list[Mistake]:
    document = read_document(file)
    if document.mistakes:
        return document.mistakes
    try:
        return InputSchema(document.data)
    except SchemaError as error:
        return [document.mistake(loc, text) for loc, text in error.problems]
