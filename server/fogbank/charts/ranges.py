"""Ranges below each other on one axis: how far each of several things moves a result."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fogbank.charts.charts import WIDE, Chart, both
from fogbank.charts.frame import LETTER
from fogbank.charts.marks import LINE, Mark, draw_marks
from fogbank.charts.scale import scale
from fogbank.charts.svg import drawing, finish, node
from fogbank.charts.text import number

ROW = 46.0
FOOT = 24.0


@dataclass(frozen=True, slots=True)
class Range:
    """From one value to another. `style` is that of a series."""

    name: str
    start: float
    end: float
    style: int = 0


def range_chart(
    title: str,
    description: str,
    ranges: Sequence[Range],
    *,
    marks: Sequence[Mark] = (),
    unit: str = "",
) -> Chart:
    """One row a range, its ends beside its name; the marks go through all of them."""
    values = [value for each in ranges for value in (each.start, each.end)]
    values += [mark.at for mark in marks]
    head = LINE * len(marks) + 4

    def draw(width: float) -> Markup:
        bottom = head + ROW * max(len(ranges), 1)
        root = drawing(width, bottom + FOOT, "ranges")
        x = scale(values, 26, width - 30, zero=False, ticks=5 if width == WIDE else 2)
        node(root, "line", class_="axis", x1=x.start, x2=x.end, y1=bottom, y2=bottom)
        reached = -LETTER
        for tick in x.ticks:
            at, text = x(tick), number(tick)
            node(root, "line", class_="grid", x1=at, x2=at, y1=head, y2=bottom)
            half = LETTER * len(text) / 2
            if at - half > reached:
                node(root, "text", text, class_="mark", x=at, y=bottom + 17, text_anchor="middle")
                reached = at + half + LETTER
        draw_marks(root, x, marks, 0, bottom)
        for index, each in enumerate(ranges):
            low, high = sorted((each.start, each.end))
            top = head + ROW * index
            node(root, "text", each.name, class_="name", x=2, y=top + 17)
            told = f"{number(low)} to {number(high)} {unit}".rstrip()
            node(root, "text", told, class_="value", x=width - 2, y=top + 17, text_anchor="end")
            left, right = x(low), x(high)
            node(
                root,
                "rect",
                class_=f"s{each.style}",
                x=left,
                y=top + 24,
                width=max(right - left, 1.0),
                height=14,
                rx=2,
            )
        return finish(root, title, description)

    return both(title, draw)
