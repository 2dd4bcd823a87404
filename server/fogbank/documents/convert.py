"""One document to Markdown, by its kind. Runs in the child process only."""

import csv
import io
from collections.abc import Callable

from fogbank.documents.errors import Unreadable
from fogbank.documents.formats import Kind
from fogbank.documents.markup import plain_text, table
from fogbank.documents.options import Options

MAX_CHARACTERS = 8_000_000

Reader = Callable[[bytes, str, Options], str]


def reader(kind: Kind) -> Reader:
    """What makes Markdown of document, name and options; it raises Unreadable.

    Its libraries are imported here, and no others: they are most of a child's life.
    """
    if kind == "pdf":
        from fogbank.documents.pdf import pdf_to_markdown as read
    elif kind == "html":
        from fogbank.documents.html import html_to_markdown as read
    elif kind == "docx":
        from fogbank.documents.docx import docx_to_markdown as read
    elif kind == "odt":
        from fogbank.documents.open_text import odt_to_markdown as read
    elif kind == "sheet":
        from fogbank.documents.sheets import sheets_to_markdown as read
    else:
        return _csv if kind == "csv" else _xml
    return read


def convert(read: Reader, name: str, data: bytes, options: Options) -> str:
    """The text in the form that was asked for. Raises Unreadable."""
    text = read(data, name, options)
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"the document has more than {MAX_CHARACTERS} characters")
    return plain_text(text) if options.form == "text" else text


def _xml(data: bytes, name: str, options: Options) -> str:
    return f"```xml\n{_decoded(data).strip()}\n```"


def _csv(data: bytes, name: str, options: Options) -> str:
    text = _decoded(data)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:10_000], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        csv.field_size_limit(MAX_CHARACTERS)
        return table(csv.reader(io.StringIO(text, newline=""), dialect))
    except csv.Error as error:
        raise Unreadable(f"the table cannot be read: {error}") from None


def _decoded(data: bytes) -> str:
    """Text of a file that does not say its encoding."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
