"""PDF to Markdown: its metadata, then the text of each page.

The lines are those of Cloudflare's answers, for programs that cut the metadata off.
"""

import io

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from fogbank.documents.errors import Unreadable
from fogbank.documents.options import Options

MAX_PAGES = 2_000


def pdf_to_markdown(data: bytes, name: str, options: Options) -> str:
    """Raises Unreadable for a PDF that is broken, has too many pages, or asks for a password."""
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise Unreadable("the PDF asks for a password")
        if len(reader.pages) > MAX_PAGES:
            raise Unreadable(f"the PDF has more than {MAX_PAGES} pages")
        head = f"# {name}\n"
        if options.metadata:
            head += "\n".join(["## Metadata", *_metadata(reader)]) + "\n\n\n"
        pages = [
            f"### Page {number}\n{page.extract_text().strip()}".strip()
            for number, page in enumerate(reader.pages, 1)
        ]
    except PyPdfError as error:
        raise Unreadable(f"the PDF cannot be read: {error}") from None
    return f"{head}## Contents\n" + "\n\n".join(pages)


def _metadata(reader: PdfReader) -> list[str]:
    version = reader.pdf_header.removeprefix("%PDF-")
    found = {"PDFFormatVersion": version}
    for key, value in (reader.metadata or {}).items():
        found[str(key).lstrip("/")] = " ".join(str(value).split())
    return [f"- {key}={value}" for key, value in found.items()]
