"""What changed between two price tables."""

from datetime import date
from typing import Any

from fogbank.cost.price_diff import PriceChange, price_diff
from fogbank.cost.prices import ModelPrice, PriceTable


def table(**models: dict[str, Any]) -> PriceTable:
    rows = {
        name: ModelPrice.model_validate({"task": "Text Generation", "usd": each["neurons"], **each})
        for name, each in models.items()
    }
    return PriceTable(
        date=date(2026, 1, 1),
        sources=("a test",),
        usd_per_1000_neurons=0.011,
        free_neurons_per_day=10_000,
        models=rows,
    )


def test_each_rate_that_differs() -> None:
    old = table(
        a={"unit": "M tokens", "neurons": {"input": 100, "output": 300}},
        b={"unit": "M tokens", "neurons": {"input": 7}},
        same={"unit": "M images", "neurons": {"input": 5}},
    )
    new = table(
        a={"unit": "M tokens", "neurons": {"input": 150, "output": 300, "cached_input": 10}},
        c={"unit": "audio minute", "neurons": {"input": 9}},
        same={"unit": "M images", "neurons": {"input": 5}},
    )
    changes = price_diff(old, new)
    assert changes == [
        PriceChange("a", "M tokens", "cached_input", None, 10),
        PriceChange("a", "M tokens", "input", 100, 150),
        PriceChange("b", "M tokens", "input", 7, None),
        PriceChange("c", "audio minute", "input", None, 9),
    ]
    assert [each.kind for each in changes] == ["added", "changed", "removed", "added"]
    assert [each.percent for each in changes] == [None, 50, None, None]
    assert price_diff(old, old) == []


def test_another_unit_is_another_price() -> None:
    old = table(a={"unit": "M images", "neurons": {"input": 5}})
    new = table(a={"unit": "audio minute", "neurons": {"input": 5}})
    assert [(each.unit, each.kind) for each in price_diff(old, new)] == [
        ("M images", "removed"),
        ("audio minute", "added"),
    ]
