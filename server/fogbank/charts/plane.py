"""A chart over two measured axes: curves, and named places on the horizontal one."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from fogbank.charts.charts import HEIGHT, STYLES, WIDE, Chart, Look, both
from fogbank.charts.frame import BOTTOM, RIGHT, TOP, frame
from fogbank.charts.marks import LINE, Mark, draw_marks
from fogbank.charts.scale import finite, scale
from fogbank.charts.svg import finish, node, path
from fogbank.charts.text import number


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in the order in which a line joins them."""

    name: str
    points: Sequence[tuple[float, float]]
    look: Look = "line"


def curve_chart(
    title: str,
    description: str,
    curves: Sequence[Curve],
    *,
    marks: Sequence[Mark] = (),
    x_unit: str = "",
    y_unit: str = "",
) -> Chart:
    """Both axes begin at 0. The names of the marks stand above the curves."""
    across = [x for each in curves for x, _ in each.points] + [mark.at for mark in marks]
    up = [y for each in curves for _, y in each.points]
    names = LINE * len(marks)

    def draw(width: float) -> Markup:
        made = frame("curves", [], up, unit=y_unit, width=width, height=HEIGHT + names, zero=True)
        bottom = HEIGHT + names - BOTTOM
        x = scale(across, made.left, width - RIGHT - 8, ticks=5 if width == WIDE else 3)
        for tick in x.ticks:
            at = x(tick)
            node(made.root, "line", class_="axis", x1=at, x2=at, y1=bottom, y2=bottom + 4)
            text = number(tick)
            node(made.root, "text", text, class_="mark", x=at, y=bottom + 19, text_anchor="middle")
        if x_unit:
            right = width - RIGHT
            node(made.root, "text", x_unit, class_="unit", x=right, y=11, text_anchor="end")
        for index, each in enumerate(curves):
            known = [(x(a), made.y(b)) for a, b in each.points if len(finite([a, b])) == 2]
            look = "line dash" if each.look == "dash" else "line"
            if known:
                node(made.root, "path", class_=f"{look} s{index % STYLES}", d=path(known))
        draw_marks(made.root, x, marks, TOP, bottom)
        return finish(made.root, title, description)

    legend: list[tuple[str, int, Look]] = [
        (each.name, index % STYLES, each.look) for index, each in enumerate(curves)
    ]
    return both(title, draw, tuple(legend))
