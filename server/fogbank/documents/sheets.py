"""Workbooks of Excel (new, old and binary) and OpenDocument to Markdown."""

import io

from python_calamine import CalamineError, CalamineWorkbook

from fogbank.documents.archive import open_archive
from fogbank.documents.errors import Unreadable
from fogbank.documents.markup import table
from fogbank.documents.options import Options

ZIP = b"PK"


def sheets_to_markdown(data: bytes, name: str, options: Options) -> str:
    """One table for each sheet that has cells. Raises Unreadable."""
    if data.startswith(ZIP):
        with open_archive(data):
            pass
    parts = [f"# {name}"]
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for sheet in workbook.sheet_names:
            rows = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=True)
            if made := table(rows):
                parts.append(f"## {sheet}\n\n{made}")
    except (CalamineError, OSError, ValueError) as error:
        raise Unreadable(f"the sheet cannot be read: {error}") from None
    return "\n\n".join(parts)
