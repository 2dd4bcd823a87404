"""The picture of a climb: well-formed, by itself, with everything that was measured in it."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from fogbank.load.climb import Climb
from fogbank.load.objective import parse
from fogbank.load.picture import picture
from fogbank.load.step import Step
from fogbank.load.target import Sample

SVG = "{http://www.w3.org/2000/svg}"


def step(clients: int, first: float, offered: float | None = None) -> Step:
    return Step(clients, 0, 10, [Sample(first, 10, 10, 100 * clients)], offered)


def drawn(found: Climb, slo: str = "ttft_p95=1s") -> Element:
    root = fromstring(picture(found, parse(slo), "model <&> at http://127.0.0.1:8686"))
    assert root.tag == f"{SVG}svg"
    assert all(each.tag.startswith(SVG) for each in root.iter())
    assert not any("href" in name for each in root.iter() for name in each.attrib)
    return root


def texts(root: Element) -> list[str]:
    return [each.text or "" for each in root.iter(f"{SVG}text")]


def test_two_charts_with_objective_and_best() -> None:
    steps = (step(1, 0.1), step(2, 0.2), step(4, 3.0))
    root = drawn(Climb(steps, steps[1], "ttft_p95 3 s, over 1 s"))
    told = texts(root)
    assert "model <&> at http://127.0.0.1:8686" in told
    assert "Limited by: ttft_p95 3 s, over 1 s" in told
    for word in ("tokens/s", "of answers", "best", "objective", "ttft p95"):
        assert word in told
    assert [told.count(clients) for clients in ("1", "2", "4")] >= [2, 2, 2]
    charts = root.findall(f"{SVG}svg")
    assert len(charts) == 2
    for chart in charts:
        best = [each for each in chart.iter(f"{SVG}circle") if each.get("class") == "point s2"]
        assert len(best) == 1
    dashes = [each for each in charts[1].iter(f"{SVG}path") if "dash" in each.attrib["class"]]
    assert len(dashes) == 1


@pytest.mark.parametrize(
    ("found", "slo", "word"),
    [
        (Climb((step(1, 9.0),), None, "x"), "ttft_p95=1s", "none keeps the objective"),
        (Climb((step(7, 0.1, offered=2.5),), None, "x"), "", "2.5/s"),
        (Climb((step(1, 0.1), step(2, 0.1)), None, "x"), "tpot_p50=80ms", "tpot p50"),
        (Climb((Step(1),), None, "x"), "", "1"),
    ],
)
def test_what_else_there_may_be(found: Climb, slo: str, word: str) -> None:
    assert word in texts(drawn(found, slo))
