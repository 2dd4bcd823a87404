"""SVG as a tree, so that it is well-formed and text is escaped whatever it says.

No style attributes: the page's Content-Security-Policy forbids them. Colours come from classes.
"""

import math
import re
import zlib
from xml.etree.ElementTree import Element, SubElement, tostring

from markupsafe import Markup

NAMESPACE = "http://www.w3.org/2000/svg"
FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""


def drawing(width: float, height: float, kind: str) -> Element:
    """An empty picture of that size in user units, as wide as what surrounds it."""
    return Element(
        "svg",
        {
            "xmlns": NAMESPACE,
            "viewBox": f"0 0 {width:g} {height:g}",
            "class": f"chart {kind}",
            "role": "img",
        },
    )


def node(
    parent: Element, tag: str, text: str | None = None, /, **attributes: str | float
) -> Element:
    """A child. `class_` is `class`, `_` in a name is `-`. Numbers must be finite: ValueError."""
    named = {name.rstrip("_").replace("_", "-"): _value(v) for name, v in attributes.items()}
    child = SubElement(parent, tag, named)
    if text is not None:
        child.text = clean(text)
    return child


def finish(root: Element, title: str, description: str) -> Markup:
    """The picture with its name and what it shows, for those who do not see it."""
    name = f"chart-{zlib.crc32(tostring(root) + title.encode(errors='replace')):08x}"
    for place, (tag, text) in enumerate((("title", title), ("desc", description))):
        child = Element(tag, {"id": f"{name}-{tag}"})
        child.text = clean(text)
        root.insert(place, child)
    root.set("aria-labelledby", f"{name}-title")
    root.set("aria-describedby", f"{name}-desc")
    return Markup(tostring(root, encoding="unicode"))  # escaped by ElementTree


def path(points: list[tuple[float, float]], *, closed: bool = False) -> str:
    """The `d` of a line through the points."""
    steps = [f"{'L' if i else 'M'}{_value(x)} {_value(y)}" for i, (x, y) in enumerate(points)]
    return "".join(steps) + ("Z" if closed and steps else "")


def clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return FORBIDDEN.sub("�", text)


def _value(value: str | float) -> str:
    if isinstance(value, str):
        return clean(value)
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be drawn")
    return f"{value:.2f}".rstrip("0").rstrip(".")
