"""Which files are read, told by MIME type, by extension, or by their first bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["pdf", "html", "xml", "csv", "sheet", "docx", "odt", "image"]

_OFFICE = "application/vnd.openxmlformats-officedocument."
_EXCEL = "application/vnd.ms-excel"
_OASIS = "application/vnd.oasis.opendocument."


@dataclass(frozen=True, slots=True)
class Format:
    """One extension, with its dot."""

    extension: str
    mime_type: str
    kind: Kind


READ = (
    Format(".pdf", "application/pdf", "pdf"),
    Format(".html", "text/html", "html"),
    Format(".htm", "text/html", "html"),
    Format(".xml", "application/xml", "xml"),
    Format(".xlsx", _OFFICE + "spreadsheetml.sheet", "sheet"),
    Format(".xlsm", _EXCEL + ".sheet.macroenabled.12", "sheet"),
    Format(".xlsb", _EXCEL + ".sheet.binary.macroenabled.12", "sheet"),
    Format(".xls", _EXCEL, "sheet"),
    Format(".et", _EXCEL, "sheet"),
    Format(".ods", _OASIS + "spreadsheet", "sheet"),
    Format(".docx", _OFFICE + "wordprocessingml.document", "docx"),
    Format(".odt", _OASIS + "text", "odt"),
    Format(".csv", "text/csv", "csv"),
)
IMAGES = (
    Format(".jpeg", "image/jpeg", "image"),
    Format(".jpg", "image/jpeg", "image"),
    Format(".png", "image/png", "image"),
    Format(".webp", "image/webp", "image"),
    Format(".svg", "image/svg+xml", "image"),
    Format(".gif", "image/gif", "image"),
    Format(".bmp", "image/bmp", "image"),
)
"""Cloudflare describes these with a vision model; no profile has one."""

_EVERY = (*READ, *IMAGES)
_BY_EXTENSION: Mapping[str, Format] = {item.extension: item for item in _EVERY}
_BY_MIME: Mapping[str, Format] = {
    "text/xml": _BY_EXTENSION[".xml"],
    **{item.mime_type: item for item in reversed(_EVERY)},
}
_BY_START = (
    (b"%PDF-", ".pdf"),
    (b"\x89PNG", ".png"),
    (b"\xff\xd8\xff", ".jpeg"),
    (b"GIF8", ".gif"),
)


def recognise(name: str, mime_type: str, data: bytes) -> Format | None:
    """The format of a file; None where nothing tells it. The MIME type wins over the extension."""
    by_mime = _BY_MIME.get(mime_type.partition(";")[0].strip().lower())
    by_name = _BY_EXTENSION.get(PurePosixPath(name.lower()).suffix)
    if by_mime or by_name:
        return by_mime or by_name
    return next((_BY_EXTENSION[ext] for start, ext in _BY_START if data.startswith(start)), None)
