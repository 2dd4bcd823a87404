"""What every chart keeps to, whatever its data and names."""

import re
from xml.etree.ElementTree import Element, fromstring

from fogbank.charts.charts import Chart

SVG = "{http://www.w3.org/2000/svg}"
GEOMETRY = {"x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "d", "viewBox"}
NUMERIC = re.compile(r"[MLHVZ\d.\s-]*")


def drawings(chart: Chart) -> list[Element]:
    """Both sizes."""
    return [fromstring(chart.wide), fromstring(chart.narrow)]


def texts(root: Element) -> list[str]:
    """All that is written."""
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def check(chart: Chart) -> None:
    """Well-formed, named, described, no attribute that is no number, nothing inline."""
    for root in drawings(chart):
        assert root.get("role") == "img"
        title, desc = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert title is not None
        assert desc is not None
        assert root.get("aria-labelledby") == title.get("id")
        assert root.get("aria-describedby") == desc.get("id")
        width, height = map(float, (root.get("viewBox") or "").split()[2:])
        for each in root.iter():
            assert "style" not in each.attrib
            for name in GEOMETRY & set(each.attrib):
                assert NUMERIC.fullmatch(each.attrib[name]), (name, each.attrib[name])
            if each.tag == f"{SVG}rect":
                x, y = float(each.attrib["x"]), float(each.attrib["y"])
                assert -1 <= x <= width
                assert -1 <= y <= height
                assert float(each.attrib["height"]) >= 0
                assert float(each.attrib["width"]) >= 0
