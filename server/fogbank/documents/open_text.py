"""OpenDocument text to Markdown: headings, paragraphs, lists, tables, links."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, fromstring

from fogbank.documents.archive import open_archive
from fogbank.documents.errors import Unreadable
from fogbank.documents.markup import table
from fogbank.documents.options import Options

_URN = "urn:oasis:names:tc:opendocument:xmlns:"
TEXT, TABLE, OFFICE = (f"{{{_URN}{part}:1.0}}" for part in ("text", "table", "office"))
HREF = "{http://www.w3.org/1999/xlink}href"
MAX_REPEAT = 100
"""Spaces and cells may say how often they are repeated; a sheet's last cell does so for ever."""


def odt_to_markdown(data: bytes, name: str, options: Options) -> str:
    """Raises Unreadable. Expat bounds what entities can unfold to."""
    with open_archive(data) as archive:
        try:
            root = fromstring(archive.read("content.xml"))
        except (KeyError, OSError, ParseError) as error:
            raise Unreadable(f"the document cannot be read: {error}") from None
    body = root.find(f"{OFFICE}body/{OFFICE}text")
    return "\n\n".join(_blocks(body)) if body is not None else ""


def _blocks(parent: Element) -> Iterator[str]:
    for element in parent:
        if element.tag == TEXT + "h":
            level = _count(element, TEXT + "outline-level", 6)
            yield f"{'#' * level} {_inline(element).strip()}"
        elif element.tag == TEXT + "p":
            if text := _inline(element).strip():
                yield text
        elif element.tag == TEXT + "list":
            yield "\n".join(_items(element, 0))
        elif element.tag == TABLE + "table":
            yield table([_cells(row) for row in element.iter(TABLE + "table-row")])
        elif element.tag == TEXT + "section":
            yield from _blocks(element)


def _items(listed: Element, depth: int) -> Iterator[str]:
    for item in listed.findall(TEXT + "list-item"):
        for element in item:
            if element.tag == TEXT + "list":
                yield from _items(element, depth + 1)
            elif text := _inline(element).strip():
                yield f"{'  ' * depth}- {text}"


def _cells(row: Element) -> list[str]:
    cells = []
    for cell in row.iter(TABLE + "table-cell"):
        text = " ".join(_inline(part) for part in cell)
        cells += [text] * _count(cell, TABLE + "number-columns-repeated", MAX_REPEAT)
    return cells


def _inline(element: Element) -> str:
    parts = [element.text or ""]
    for child in element:
        if child.tag == TEXT + "s":
            parts.append(" " * _count(child, TEXT + "c", MAX_REPEAT))
        elif child.tag == TEXT + "tab":
            parts.append(" ")
        elif child.tag == TEXT + "line-break":
            parts.append("\n")
        elif child.tag == TEXT + "a":
            parts.append(f"[{_inline(child)}]({child.get(HREF, '')})")
        elif child.tag != TEXT + "note":
            parts.append(_inline(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _count(element: Element, name: str, most: int) -> int:
    text = element.get(name, "1")
    return max(1, min(int(text), most)) if text.isascii() and text.isdecimal() else 1
