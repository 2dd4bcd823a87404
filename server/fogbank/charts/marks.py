"""Named places on an axis: a line through the picture with its name at the top."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from fogbank.charts.scale import Scale
from fogbank.charts.svg import node

LINE = 15.0
"""Height of a name."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place on the horizontal axis. `style` is that of a series."""

    name: str
    at: float
    style: int = 8


def draw_marks(root: Element, x: Scale, marks: Sequence[Mark], top: float, bottom: float) -> None:
    """Each name has a line of its own below `top`, on that side of its place that has more room."""
    for index, mark in enumerate(marks):
        at = x(mark.at)
        base = top + LINE * (index + 1) - 4
        start = top + LINE * index + 1
        node(root, "line", class_=f"mark-line s{mark.style}", x1=at, x2=at, y1=start, y2=bottom)
        before = at > (x.start + x.end) / 2
        side = -5 if before else 5
        anchor = "end" if before else "start"
        node(root, "text", mark.name, class_="name", x=at + side, y=base, text_anchor=anchor)
