"""Each kind of document to Markdown, in this process."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.documents.convert import convert as convert_with
from fogbank.documents.convert import reader
from fogbank.documents.errors import Unreadable
from fogbank.documents.formats import READ, Kind, recognise
from fogbank.documents.markup import plain_text, table
from fogbank.documents.options import Options, read_options
from tests.documents import samples

PAGE = """<html><head><title>Fish</title><meta name="description" content="On fish."></head><body>
<header>Menu</header><script>alert(1)</script><script type="application/ld+json">{"a": 1}</script>
<article><h1>Carp</h1><p>A <b>fish</b>, see <a href="/trout">trout</a>.</p>
<img src="carp.png" alt="a carp"></article><p>Other</p><footer>Imprint</footer></body></html>"""


def convert(kind: Kind, name: str, data: bytes, options: Options) -> str:
    return convert_with(reader(kind), name, data, options)


def html(text: str, **options: Any) -> str:
    return convert("html", "page.html", text.encode(), Options(**options))


@pytest.mark.contract("1.5")
def test_html() -> None:
    assert html(PAGE) == (
        '---\ntitle: "Fish"\ndescription: "On fish."\n---\n\n# Carp\n\n'
        "A **fish**, see [trout](/trout).\n\n![a carp](carp.png)\n\nOther\n\n"
        '```json\n{"a": 1}\n```'
    )


@pytest.mark.contract("1.5")
def test_a_selector_keeps_what_it_matches() -> None:
    text = html(PAGE, selector="article, footer")
    assert "Carp" in text
    assert "Imprint" in text
    assert "Other" not in text


@pytest.mark.contract("1.5")
@pytest.mark.parametrize("hostname", ["fish.example", "https://fish.example/"])
def test_a_hostname_resolves_links(hostname: str) -> None:
    text = html(PAGE, hostname=hostname)
    assert "[trout](https://fish.example/trout)" in text
    assert "(https://fish.example/carp.png)" in text


def test_the_base_of_the_page_resolves_links() -> None:
    assert html('<base href="http://a.example/b/"><a href="c">d</a>') == (
        "[d](http://a.example/b/c)"
    )


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", "http://[bad"])
def test_links_that_lead_nowhere(target: str) -> None:
    text = html(f'<p><a href="{target}">go</a></p>', hostname="a.example")
    assert "go" in text
    assert "javascript" not in text


def test_a_selector_that_is_none() -> None:
    with pytest.raises(Unreadable, match="cssSelector"):
        html(PAGE, selector="p[")


@pytest.mark.contract("1.5")
def test_docx() -> None:
    body = samples.paragraph("Title", "Heading1") + samples.paragraph("Strong", bold=True)
    assert convert("docx", "a.docx", samples.docx(body), Options()) == "# Title\n\n**Strong**"


@pytest.mark.contract("1.5")
def test_xlsx() -> None:
    cells = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>Name</t></is></c>'
        '<c r="B1" t="inlineStr"><is><t>Age|y</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>Ada</t></is></c><c r="B2"><v>36</v></c></row>'
    )
    assert convert("sheet", "a.xlsx", samples.xlsx(cells), Options()) == (
        "# a.xlsx\n\n## People\n\n| Name | Age\\|y |\n| --- | --- |\n| Ada | 36 |"
    )


@pytest.mark.contract("1.5")
def test_odt() -> None:
    body = (
        '<text:h text:outline-level="2">Head</text:h><text:p>See <text:a'
        ' xlink:href="http://a.example">this<text:s text:c="2"/>page</text:a>.</text:p><text:list>'
        "<text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>two</text:p>"
        "</text:list-item></text:list></text:list-item></text:list><table:table><table:table-row>"
        '<table:table-cell table:number-columns-repeated="2"><text:p>x</text:p></table:table-cell>'
        "</table:table-row></table:table>"
    )
    assert convert("odt", "a.odt", samples.odt(body), Options()) == (
        "## Head\n\nSee [this  page](http://a.example).\n\n- one\n  - two\n\n"
        "| x | x |\n| --- | --- |"
    )


@pytest.mark.contract("1.5")
def test_pdf() -> None:
    data = samples.pdf("Hello fish")
    with_metadata = convert("pdf", "a.pdf", data, Options())
    assert with_metadata == (
        "# a.pdf\n## Metadata\n- PDFFormatVersion=1.4\n- Title=A sample\n\n\n## Contents\n"
        "### Page 1\nHello fish"
    )
    without = convert("pdf", "a.pdf", data, Options(metadata=False))
    assert without == "# a.pdf\n## Contents\n### Page 1\nHello fish"


@pytest.mark.contract("1.5")
def test_csv_and_xml() -> None:
    for text in ("a;b\n1;2\n", "a,b\r\n1,2\r\n"):
        made = convert("csv", "a.csv", text.encode(), Options())
        assert made == "| a | b |\n| --- | --- |\n| 1 | 2 |"
    assert convert("xml", "a.xml", b"<a>\xc3\xa9</a>", Options()) == "```xml\n<a>é</a>\n```"
    assert "é" in convert("xml", "a.xml", b"<a>\xe9</a>", Options())


def test_a_long_cell() -> None:
    assert len(convert("csv", "a.csv", b"a," + b"x" * 200_000, Options())) > 200_000


@pytest.mark.contract("1.5")
def test_text_instead_of_markdown() -> None:
    text = html(PAGE, selector="article", form="text")
    assert "Carp\n\nA fish, see trout.\n\na carp" in text
    assert "**" not in text
    assert plain_text(table([["a", "b"], ["1|2", "3"]])) == "a\tb\n1|2\t3"


@pytest.mark.parametrize("kind", ["pdf", "docx", "odt", "sheet"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", b"%PDF-1.4", b"nothing like it"])
def test_a_broken_document(kind: Kind, data: bytes) -> None:
    with pytest.raises(Unreadable):
        convert(kind, "a", data, Options())


@pytest.mark.parametrize("kind", ["odt", "docx", "sheet"])
def test_an_archive_that_unpacks_to_too_much(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fogbank.documents.archive.MAX_UNPACKED", 1 << 20)
    bomb = samples.archive(**{"content.xml": "0" * (2 << 20)})
    assert len(bomb) < 10_000
    with pytest.raises(Unreadable, match="unpacks to 2 MiB in 1 parts; at most 1 MiB"):
        convert(kind, "a", bomb, Options())


@given(st.text(max_size=400))
def test_any_text_is_a_page_and_a_table(text: str) -> None:
    kinds: tuple[Kind, ...] = ("html", "csv")
    for kind in kinds:
        try:
            assert isinstance(convert(kind, "a", text.encode(), Options(form="text")), str)
        except Unreadable:
            assert kind == "csv"


@pytest.mark.contract("1.5")
@pytest.mark.parametrize(
    ("name", "mime_type", "data", "extension"),
    [
        ("a.PDF", "", b"", ".pdf"),
        ("a.bin", "text/html; charset=utf-8", b"", ".html"),
        ("a.csv", "application/octet-stream", b"", ".csv"),
        ("a", "", b"%PDF-1.7", ".pdf"),
        ("a.html", "application/pdf", b"", ".pdf"),
        ("photo.jpg", "", b"", ".jpg"),
        ("a.exe", "application/x-msdownload", b"MZ", None),
    ],
)
def test_formats(name: str, mime_type: str, data: bytes, extension: str | None) -> None:
    found = recognise(name, mime_type, data)
    assert (found.extension if found else None) == extension


def test_every_extension_is_of_one_format() -> None:
    assert len({item.extension for item in READ}) == len(READ)


@pytest.mark.contract("1.5")
def test_options_are_read_from_their_places() -> None:
    given = {
        "html": {"hostname": "a.example", "cssSelector": "p", "images": {}},
        "pdf": {"metadata": False},
        "output": {"format": "text"},
        "unknown": 1,
    }
    assert read_options(given) == Options("a.example", "p", metadata=False, form="text")
    assert read_options({}) == Options()
