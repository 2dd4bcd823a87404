"""The charts of the pages: lines with bands, stacks over time, bars with ranges.

Each is drawn twice, for wide and for narrow screens, so that its letters keep their size. Whoever
shows a chart shows a table of the same numbers beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from fogbank.charts.frame import Frame, frame
from fogbank.charts.scale import finite, scale
from fogbank.charts.svg import drawing, finish, node, path
from fogbank.charts.text import number

WIDE, NARROW = 720.0, 340.0
HEIGHT = 260.0
STYLES = 8
"""How many series the style sheet tells apart; further ones start again."""
ROW = 50.0

Look = Literal["line", "dash", "band", "bar"]


@dataclass(frozen=True, slots=True)
class Series:
    """Values by position; None is a gap."""

    name: str
    values: Sequence[float | None]
    look: Look = "line"


@dataclass(frozen=True, slots=True)
class Band:
    """A range by position; None is a gap."""

    name: str
    lower: Sequence[float | None]
    upper: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, perhaps with the range in which its value may be. `note` stands behind the name."""

    name: str
    value: float
    lower: float | None = None
    upper: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart in both sizes; `legend` names its series: name, number of the style, look."""

    title: str
    wide: Markup
    narrow: Markup
    legend: tuple[tuple[str, int, Look], ...] = ()


Draw = Callable[[float], Markup]


def line_chart(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    band: Band | None = None,
    unit: str = "",
    zero: bool = True,
) -> Chart:
    """Lines over positions, above a band if there is one, which has the style of the last line."""
    last = max(len(series) - 1, 0)
    values = [value for each in series for value in each.values]
    values += [*band.lower, *band.upper] if band else []

    def draw(width: float) -> Markup:
        made = frame("lines", labels, values, unit=unit, width=width, height=HEIGHT, zero=zero)
        if band:
            _band(made, band, last % STYLES)
        for index, each in enumerate(series):
            _line(made, labels, each, index % STYLES, unit)
        return finish(made.root, title, description)

    names: list[tuple[str, int, Look]] = [
        (each.name, i % STYLES, each.look) for i, each in enumerate(series)
    ]
    if band:
        names.append((band.name, last % STYLES, "band"))
    return both(title, draw, tuple(names))


def stack_chart(
    title: str,
    description: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    line: Series | None = None,
    unit: str = "",
) -> Chart:
    """Bars of parts on each other, what is negative below zero; a line above them if given."""
    positions = range(len(labels))
    up = [sum(max(_at(each, p), 0.0) for each in series) for p in positions]
    down = [sum(min(_at(each, p), 0.0) for each in series) for p in positions]
    values = [*up, *down, *(line.values if line else ())]

    def draw(width: float) -> Markup:
        made = frame("stack", labels, values, unit=unit, width=width, height=HEIGHT, zero=True)
        for position in positions:
            _stack(made, position, series, labels[position], unit)
        if line:
            _line(made, labels, line, STYLES, unit)
        return finish(made.root, title, description)

    names: list[tuple[str, int, Look]] = [(s.name, i % STYLES, "bar") for i, s in enumerate(series)]
    if line:
        names.append((line.name, STYLES, line.look))
    return both(title, draw, tuple(names))


def bar_chart(
    title: str, description: str, bars: Sequence[Bar], *, unit: str = "", marked: int | None = None
) -> Chart:
    """Horizontal bars, one below the other, with the range of each; `marked` is set apart."""
    values: list[float | None] = []
    for bar in bars:
        values += [bar.value, bar.lower, bar.upper]

    def draw(width: float) -> Markup:
        root = drawing(width, ROW * max(len(bars), 1) + 4, "bars")
        x = scale(values, 2, width - 2)
        for index, bar in enumerate(bars):
            top = ROW * index
            note = f" · {bar.note}" if bar.note else ""
            node(root, "text", f"{bar.name}{note}", class_="name", x=2, y=top + 17)
            value = f"{number(bar.value)} {unit}".strip()
            node(root, "text", value, class_="value", x=width - 2, y=top + 17, text_anchor="end")
            left, right = sorted((x(0.0), x(bar.value)))
            style = 1 if index == marked else 0
            width_of = max(right - left, 1.0)
            node(
                root,
                "rect",
                class_=f"s{style}",
                x=left,
                y=top + 25,
                width=width_of,
                height=14,
                rx=2,
            )
            if bar.lower is not None and bar.upper is not None:
                low, high = x(bar.lower), x(bar.upper)
                whisker = f"M{low:.2f} {top + 32:g}H{high:.2f}"
                ends = "".join(f"M{at:.2f} {top + 27:g}V{top + 37:g}" for at in (low, high))
                node(root, "path", class_="range", d=whisker + ends)
        zero = x(0.0)
        node(root, "line", class_="axis", x1=zero, x2=zero, y1=22, y2=ROW * len(bars))
        return finish(root, title, description)

    return both(title, draw, ())


def both(title: str, draw: Draw, legend: tuple[tuple[str, int, Look], ...] = ()) -> Chart:
    """The chart in both its sizes."""
    return Chart(title, draw(WIDE), draw(NARROW), legend)


def _at(series: Series, position: int) -> float:
    value = series.values[position] if position < len(series.values) else None
    return (finite([value]) or [0.0])[0]


def _line(made: Frame, labels: Sequence[str], series: Series, style: int, unit: str) -> None:
    look = "line dash" if series.look == "dash" else "line"
    runs: list[list[tuple[float, float]]] = [[]]
    for position, value in enumerate(series.values[: len(labels)]):
        known = finite([value])
        if not known:
            runs.append([])
            continue
        runs[-1].append((made.middle(position), made.y(known[0])))
    for run in filter(None, runs):
        node(made.root, "path", class_=f"{look} s{style}", d=path(run))
        if len(run) == 1 or len(labels) <= 60:
            for x, y in run:
                node(made.root, "circle", class_=f"point s{style}", cx=x, cy=y, r=2.5)


def _band(made: Frame, band: Band, style: int) -> None:
    pairs = [
        (made.middle(position), made.y(low[0]), made.y(high[0]))
        for position, (a, b) in enumerate(zip(band.lower, band.upper, strict=False))
        if (low := finite([a])) and (high := finite([b]))
    ]
    if len(pairs) == 1:  # an area needs two positions; one gets some width
        x, low_y, high_y = pairs[0]
        pairs = [(x - made.slot / 4, low_y, high_y), (x + made.slot / 4, low_y, high_y)]
    edge = [(x, high_y) for x, _, high_y in pairs]
    edge += [(x, low_y) for x, low_y, _ in reversed(pairs)]
    if edge:
        node(made.root, "path", class_=f"band s{style}", d=path(edge, closed=True))


def _stack(made: Frame, position: int, series: Sequence[Series], label: str, unit: str) -> None:
    reached = {True: 0.0, False: 0.0}
    width = made.slot * 0.82
    for index, each in enumerate(series):
        value = _at(each, position)
        if not value:
            continue
        base = reached[value > 0]
        reached[value > 0] = base + value
        top, bottom = sorted((made.y(base), made.y(base + value)))
        left = made.middle(position) - width / 2
        rect = node(
            made.root,
            "rect",
            class_=f"s{index % STYLES}",
            x=left,
            y=top,
            width=width,
            height=bottom - top,
        )
        node(rect, "title", f"{label} · {each.name}: {number(value)} {unit}".rstrip())
