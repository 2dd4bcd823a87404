"""A climb as a picture by itself, SVG: tokens a second and the times that matter, over clients."""

from textwrap import wrap
from xml.etree.ElementTree import fromstring, tostring

from fogbank.charts.charts import WIDE, Chart, Series, line_chart
from fogbank.charts.svg import NAMESPACE, drawing, node
from fogbank.load.climb import Climb
from fogbank.load.objective import ERRORS, Objective

HEAD, LINE, GAP = 33.0, 17.0, 30.0
LETTERS = 105
"""Of a line."""
LETTER = 6.4
USUAL = "ttft_p95"
STYLE = """
svg { color-scheme: light dark; }
text { font: 12px system-ui, sans-serif; fill: #444; }
.title, .name { font-size: 13px; fill: #111; }
.title { font-weight: 650; }
.paper { fill: #fff; }
.grid { stroke: #ddd; }
.axis { stroke: #777; }
.line { fill: none; stroke: currentColor; stroke-width: 2.2; stroke-linejoin: round; }
.dash { stroke-dasharray: 6 5; }
.point { fill: currentColor; }
.point.s2 { r: 6px; }
.key { fill: currentColor; }
.s0 { color: #1558a7; } .s1 { color: #a33a0b; } .s2 { color: #2b7a3d; }
@media (prefers-color-scheme: dark) {
  text { fill: #bbb; } .title, .name { fill: #eee; } .paper { fill: #16181c; }
  .grid { stroke: #333; } .axis { stroke: #888; }
  .s0 { color: #7db4f5; } .s1 { color: #f2a077; } .s2 { color: #7fd08f; }
}
"""


def picture(found: Climb, objective: Objective, title: str) -> str:
    """The SVG. `title` says what was asked where."""
    charts = [_rates(found), _times(found, objective)]
    # Without their namespace, which is that of the whole.
    parts = [fromstring(chart.wide.replace(f' xmlns="{NAMESPACE}"', "")) for chart in charts]
    height = float(parts[0].attrib["viewBox"].split()[3])
    limit = wrap(f"Limited by: {found.limited_by}", LETTERS)
    head = HEAD + LINE * len(limit)
    whole = drawing(WIDE, head + len(parts) * (GAP + height), "bench")
    node(whole, "style", STYLE)
    node(whole, "rect", class_="paper", width="100%", height="100%")
    node(whole, "text", title, class_="title", x=12, y=22)
    for index, text in enumerate(limit):
        node(whole, "text", text, x=12, y=40 + LINE * index)
    for index, (chart, part) in enumerate(zip(charts, parts, strict=True)):
        top = head + index * (GAP + height)
        x = 12.0
        for name, style, _ in chart.legend:
            node(whole, "circle", class_=f"key s{style}", cx=x + 4, cy=top + 16, r=4)
            node(whole, "text", name, class_="name", x=x + 13, y=top + 20)
            x += 34 + LETTER * len(name)
        part.attrib |= {"y": f"{top + GAP:g}", "width": f"{WIDE:g}", "height": f"{height:g}"}
        whole.append(part)
    return tostring(whole, encoding="unicode") + "\n"


def _rates(found: Climb) -> Chart:
    rates = [step.tokens_per_second for step in found.steps]
    answers = [step.output_tokens_per_second for step in found.steps]
    series = [Series("tokens/s", rates), Series("of answers", answers, "dash")]
    return _chart(found, "Tokens a second", [*series, _best(found, rates)], "tokens/s")


def _times(found: Climb, objective: Objective) -> Chart:
    """Of the time that the objective limits, with that limit."""
    limited = [name for name in objective.limits if name != ERRORS]
    name = USUAL if USUAL in limited or not limited else limited[0]
    times = [step.value(name) for step in found.steps]
    limit = [objective.limits.get(name)] * len(times)
    told = name.replace("_", " ")
    series = [Series(told, times), Series("objective", limit, "dash")]
    return _chart(found, told, [*series, _best(found, times)], "s")


def _best(found: Climb, values: list[float]) -> Series:
    pairs = zip(found.steps, values, strict=True)
    known = [value if step is found.best else None for step, value in pairs]
    return Series("best" if found.best else "none keeps the objective", known)


def _chart(found: Climb, title: str, series: list[Series], unit: str) -> Chart:
    """Over clients, or over the rate at which requests came."""
    labels = [
        f"{step.clients}" if step.offered is None else f"{step.offered:g}/s" for step in found.steps
    ]
    over = "clients" if found.steps[0].offered is None else "requests a second"
    return line_chart(title, f"{title} over {over}", labels, series, unit=f"{unit}, over {over}")
