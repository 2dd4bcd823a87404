"""What forecasts and emissions look like to people: charts, and tables of the same numbers."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from fogbank.charts.charts import Band, Bar, Series, bar_chart, line_chart
from fogbank.charts.text import number, percent, words
from fogbank.deployments.esmap.pages_text import sequence

SHOWN_HISTORY = 72
"""Last values of a history that a chart shows beside the forecast."""
GASES = ("co2", "ch4", "n2o", "nox")


def forecast(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of a forecaster: history, forecast and intervals."""
    features = input.get("features")
    history = _numbers(features.get("historicalGeneration") if isinstance(features, dict) else [])
    history = history[-SHOWN_HISTORY:]
    predictions = _numbers(inner.get("predictions"))
    intervals = [each if isinstance(each, Mapping) else {} for each in _intervals(inner)]
    intervals += [{}] * (len(predictions) - len(intervals))
    lower = [_number(each.get("lower")) for each in intervals]
    upper = [_number(each.get("upper")) for each in intervals]
    times = [_time(str(each)) for each in sequence(inner.get("times"))]
    steps = times if len(times) == len(predictions) else []
    ahead = [f"+{step + 1}" for step in range(len(predictions))]
    before: list[float | None] = [None] * len(history)
    joined = history[-1:] if history else []
    # The forecast's line begins at the last value of the history, and so does its band.
    lead: list[float | None] = [*before[:-1], *joined]
    unit = inner.get("unit") if isinstance(inner.get("unit"), str) else ""
    chart = line_chart(
        "Forecast with its prediction interval",
        _described(history, predictions, unit or ""),
        [*(f"−{back}" for back in range(len(history) - 1, -1, -1)), *ahead],
        [
            Series("Measured", [*history, *([None] * len(predictions))]),
            Series("Forecast", [*lead, *predictions], "dash"),
        ],
        band=Band(_interval_name(inner), [*lead, *lower], [*lead, *upper]),
        unit=unit or "generation, as given",
    )
    rows = [
        (steps[place] if steps else ahead[place], predictions[place], lower[place], upper[place])
        for place in range(len(predictions))
    ]
    return {
        "chart": chart,
        "columns": ("Step", f"Forecast {unit}".strip(), "Lower", "Upper"),
        "rows": rows,
        "metrics": [(name, number(value)) for name, value in _metrics(inner, int | float)],
        "said": [f"{name}: {value}" for name, value in _metrics(inner, str)],
        "method": inner.get("method"),
        "notes": [str(each) for each in sequence(inner.get("notes"))],
        "weather": inner.get("weather"),
    }


def emissions(input: Mapping[str, Any], inner: Mapping[str, Any]) -> dict[str, Any]:
    """Of the emission calculator: gases, activities with their ranges, factors with sources."""
    sums: Mapping[str, Any] = inner["emissions"]
    unit = str(sums.get("unit", "kg"))
    whole = inner.get("total")
    total: Mapping[str, Any] = whole if isinstance(whole, Mapping) else {}
    intervals = _intervals(inner)
    activities = [each for each in sequence(inner.get("activities")) if isinstance(each, Mapping)]
    predictions = _numbers(inner.get("predictions"))
    bars = [
        Bar(_activity_name(activities, place), value, *_range(intervals, place))
        for place, value in enumerate(predictions)
    ]
    co2e = _number(sums.get("co2e"))
    if co2e is not None and len(bars) != 1:
        bars.append(
            Bar("All together", co2e, _number(total.get("lower")), _number(total.get("upper")))
        )
    marked = len(bars) - 1 if len(bars) > 1 else None
    ranges = ", ".join(f"{bar.name} {number(bar.value)} {unit}" for bar in bars)
    factors = [each for each in sequence(inner.get("factors")) if isinstance(each, Mapping)]
    known = ("id", "value", "unit", "lower", "upper", "source")
    return {
        "chart": bar_chart(
            "CO₂ equivalents by activity, with the range they may have",
            f"Horizontal bars: {ranges}. The thin lines are the ranges.",
            bars,
            unit=f"{unit} CO₂e",
            marked=marked,
        ),
        "co2e": co2e,
        "unit": unit,
        "lower": _number(total.get("lower")),
        "upper": _number(total.get("upper")),
        "gases": [(words(gas), _number(sums.get(gas))) for gas in GASES if gas in sums],
        "columns": ("Activity", f"{unit} CO₂e", "Lower", "Upper"),
        "rows": [(bar.name, bar.value, bar.lower, bar.upper) for bar in bars],
        "factor_columns": ("Factor", "Value", "Unit", "Lower", "Upper", "Source"),
        "factors": [tuple(each.get(key) for key in known) for each in factors],
        "gwp": inner.get("gwp"),
        "warnings": [str(each) for each in sequence(inner.get("warnings"))],
    }


def _activity_name(activities: Sequence[Mapping[str, Any]], place: int) -> str:
    if place >= len(activities):
        return f"Activity {place + 1}"
    each = activities[place]
    amount = f"{number(each['amount'])} {each.get('unit', '')}".strip() if "amount" in each else ""
    name = str(each.get("fuel") or each.get("field") or f"Activity {place + 1}")
    return f"{name[:1].upper()}{name[1:]}" + (f", {amount}" if amount else "")


def _time(text: str) -> str:
    """A time of ISO 8601 to the minute."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = " UTC" if at.utcoffset() == timedelta(0) else f"{at:%z}"
    return f"{at:%Y-%m-%d %H:%M}{zone}"


def _interval_name(inner: Mapping[str, Any]) -> str:
    coverage = _number(inner.get("coverage"))
    return f"{percent(coverage)} prediction interval" if coverage else "Prediction interval"


def _described(history: Sequence[float], predictions: Sequence[float], unit: str) -> str:
    told = ", ".join(number(each) for each in predictions[:12])
    last = f"The last measured value is {number(history[-1])} {unit}. " if history else ""
    return f"{last}{len(predictions)} steps are forecast: {told} {unit}".strip() + "."


def _metrics(inner: Mapping[str, Any], kind: Any) -> list[tuple[str, Any]]:
    """The metrics that are numbers, or those that are words."""
    found = inner.get("metrics")
    metrics = found.items() if isinstance(found, Mapping) else ()
    return [(words(key), value) for key, value in metrics if isinstance(value, kind)]


def _intervals(inner: Mapping[str, Any]) -> list[Any]:
    return list(sequence(inner.get("confidence_intervals")))


def _range(intervals: Sequence[Any], place: int) -> tuple[float | None, float | None]:
    each = intervals[place] if place < len(intervals) else None
    if not isinstance(each, Mapping):
        return None, None
    return _number(each.get("lower")), _number(each.get("upper"))


def _numbers(value: Any) -> list[float]:
    return [found for each in sequence(value) if (found := _number(each)) is not None]


def _number(value: Any) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return None
