"""The templates, found beside those who use them; everything that they show is escaped."""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from fogbank.charts.text import money, number, percent, pretty, words

SHARED = Path(__file__).parent / "templates"


def environment(*folders: Path) -> Environment:
    """Templates of these folders, then the shared ones."""
    made = Environment(
        loader=FileSystemLoader([*folders, SHARED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "money": money,
        "number": number,
        "percent": percent,
        "pretty": pretty,
        "words": words,
    }
    return made
