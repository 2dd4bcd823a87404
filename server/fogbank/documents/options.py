"""What a client can ask of a conversion (`conversionOptions`, contract 1.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Options:
    """`hostname` resolves the relative links of HTML, `selector` keeps only what it matches.

    Options about images are taken and have no effect: there is no model that reads images.
    """

    hostname: str = ""
    selector: str = ""
    metadata: bool = True
    form: Literal["markdown", "text"] = "markdown"


def read_options(given: Mapping[str, Any]) -> Options:
    """Of an object whose types have been checked; unknown options are ignored."""
    html, pdf, output = (given.get(name, {}) for name in ("html", "pdf", "output"))
    return Options(
        hostname=html.get("hostname", ""),
        selector=html.get("cssSelector", ""),
        metadata=pdf.get("metadata", True),
        form=output.get("format", "markdown"),
    )
