"""A report as one page that needs nothing else: no script, no network, made from its JSON."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from fogbank.charts.text import number
from fogbank.cost import page_charts, page_quality, page_words
from fogbank.cost.page_words import Told

if TYPE_CHECKING:
    from jinja2 import Template

TEMPLATES = Path(__file__).parent / "templates"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'"
"""Also in the page itself, so that a file keeps to it."""


def page(told: Told) -> str:
    """The page of `report.as_json`, to which a server may have added `budget` and `lag_seconds`."""
    own = told["own"]
    return _template().render(
        told=told,
        own=own,
        words=page_words,
        policy=POLICY,
        budget=told.get("budget"),
        lag=told.get("lag_seconds"),
        days=page_charts.by_day(told) if told["by_day"] else None,
        curves=own and page_charts.curves(told),
        parts=own and page_charts.parts(told),
        moves=own and page_charts.moves(told),
        compared=page_quality.compared(told["compare"]) if told["compare"] else None,
        audio=any(line["audio_seconds"] for line in told["lines"]),
        images=any(line["images"] for line in told["lines"]),
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "usd": page_words.usd, "percent": page_words.percent}
    return made.get_template("cost.html")
