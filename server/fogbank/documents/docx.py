"""Word documents to Markdown. Pictures are left out."""

import io
from xml.parsers.expat import ExpatError

import mammoth  # type: ignore[import-untyped]

from fogbank.documents.archive import open_archive
from fogbank.documents.errors import Unreadable
from fogbank.documents.html import fragment_to_markdown
from fogbank.documents.options import Options


def docx_to_markdown(data: bytes, name: str, options: Options) -> str:
    """Raises Unreadable."""
    with open_archive(data):
        pass
    try:
        made = mammoth.convert_to_html(
            io.BytesIO(data),
            convert_image=mammoth.images.img_element(lambda image: {"src": ""}),
            external_file_access=False,
        )
    except (KeyError, ValueError, OSError, ExpatError) as error:
        raise Unreadable(f"the document cannot be read: {error}") from None
    return fragment_to_markdown(made.value)
