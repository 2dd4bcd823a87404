"""Reads the price tables: `<package data>/prices/DATE.yaml`, then `<data dir>/prices/DATE.yaml`.

An operator's file of a known date takes the place of the packaged one.
"""

from datetime import date
from pathlib import Path

from pydantic import ValidationError

from fogbank.catalog.document import Document, read_document
from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import CatalogError, Mistake
from fogbank.cost.prices import PriceBook, PriceTable


def load_prices(package_data: Path, data_dir: Path | None = None) -> PriceBook:
    """Every table. Raises CatalogError with all mistakes of all files."""
    tables: dict[date, PriceTable] = {}
    mistakes: list[Mistake] = []
    for root in (package_data, data_dir):
        for file in sorted((root / "prices").glob("*.yaml")) if root else ():
            document = read_document(file)
            table = _table(document)
            if table:
                tables[table.date] = table
            mistakes += document.mistakes
    if not tables and not mistakes:
        mistakes = [Mistake(package_data / "prices", 0, "", "there is no price table here")]
    if mistakes:
        raise CatalogError(mistakes)
    return PriceBook(tables.values())


def _table(document: Document) -> PriceTable | None:
    """The table of a file without mistakes; what is wrong is added to the document's mistakes."""
    if document.mistakes:
        return None
    try:
        table = PriceTable.model_validate(document.data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            document.mistakes.append(document.mistake(*explain(PriceTable, detail)))
        return None
    if document.file.stem != table.date.isoformat():
        text = f"the file's name is its date: expected {table.date}.yaml"
        document.mistakes.append(document.mistake(("date",), text))
        return None
    return table
