"""The axes around a chart over positions in time: a value axis, and labels below."""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from fogbank.charts.scale import Scale, scale
from fogbank.charts.svg import drawing, node
from fogbank.charts.text import number

LEFT, RIGHT, TOP, BOTTOM = 58.0, 12.0, 24.0, 30.0
LETTER = 7.2
"""About the width of a letter of the labels, in user units."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture with its axes drawn. `slot` is the room of one position."""

    root: Element
    y: Scale
    left: float
    slot: float
    top: float
    bottom: float

    def middle(self, position: int) -> float:
        """Where the middle of a position is."""
        return self.left + (position + 0.5) * self.slot


def frame(
    kind: str,
    labels: Sequence[str],
    values: Sequence[float | None],
    *,
    unit: str,
    width: float,
    height: float,
    zero: bool,
) -> Frame:
    """Axes that hold `values`, with a slot for each label."""
    root = drawing(width, height, kind)
    y = scale(values, height - BOTTOM, TOP, zero=zero)
    marks = [number(tick) for tick in y.ticks]
    left = max(LEFT - 18, 14 + LETTER * max(map(len, marks)))
    for tick, mark in zip(y.ticks, marks, strict=True):
        at = y(tick)
        line = "axis" if tick == 0 else "grid"
        node(root, "line", class_=line, x1=left, x2=width - RIGHT, y1=at, y2=at)
        node(root, "text", mark, class_="mark", x=left - 7, y=at + 4, text_anchor="end")
    if unit:
        node(root, "text", unit, class_="unit", x=2, y=11)
    slot = (width - RIGHT - left) / max(len(labels), 1)
    made = Frame(root, y, left, slot, TOP, height - BOTTOM)
    _labels(made, labels, height - 9)
    return made


def _labels(made: Frame, labels: Sequence[str], at: float) -> None:
    """As many labels as have room, the first one always."""
    if not labels:
        return
    each = LETTER * max(map(len, labels)) + 14
    every = max(1, -(-int(each) // max(int(made.slot), 1)))
    for position in range(0, len(labels), every):
        x = made.middle(position)
        node(made.root, "text", labels[position], class_="mark", x=x, y=at, text_anchor="middle")
