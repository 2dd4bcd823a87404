"""Numbers and names as people read them."""

import math
import re
from typing import Any

import orjson

WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
ABBREVIATIONS = {
    **{"id": "ID", "ai": "AI", "mae": "MAE", "rmse": "RMSE", "gwp": "GWP"},
    **{"co2": "CO₂", "co2e": "CO₂e", "ch4": "CH₄", "nox": "NOx", "n2o": "N₂O"},
}
UNITS = {"mw": "MW", "mwh": "MWh", "kw": "kW", "kwh": "kWh", "usd": "USD", "soc": "SOC"}


def number(value: Any, digits: int = 4) -> str:
    """At least `digits` significant digits, thousands apart: 12,345, 0.25, 1.2e-07."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if not -5 <= size <= 15:
        return f"{value:.3g}"
    places = max(0, digits - 1 - size)
    text = f"{value:,.{places}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("-", "−")


def money(value: Any) -> str:
    """Dollars and cents: $1,234.50, −$12.00."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    return f"{'−' if value < 0 else ''}${abs(value):,.2f}"


def percent(value: Any) -> str:
    """A share of 0 to 1: 97.3 %."""
    if not isinstance(value, int | float) or not math.isfinite(value):
        return "–"
    return f"{number(value * 100, 3)} %"


def words(name: str) -> str:
    """A key of JSON as words: windSpeed -> Wind speed, total_co2e -> Total CO₂e."""
    whole = ABBREVIATIONS.get(name.lower())
    if whole:
        return whole
    parts = [part for piece in re.split(r"[\W_]+", name) for part in _pieces(piece)]
    if not parts:
        return name
    first = parts[0]
    return " ".join([first[:1].upper() + first[1:], *parts[1:]])


def _pieces(piece: str) -> list[str]:
    known = ABBREVIATIONS.get(piece.lower()) or UNITS.get(piece.lower())
    if known:
        return [known]
    return [
        UNITS.get(part.lower(), part if part.isupper() and len(part) > 1 else part.lower())
        for part in WORD.findall(piece)
    ]


def pretty(value: Any) -> str:
    """JSON over several lines."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    return orjson.dumps(value, default=str, option=options).decode()
