"""Hardware files: the samples, and mistakes by line."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from fogbank.catalog.loader import load_catalog
from fogbank.catalog.mistakes import CatalogError
from fogbank.cost.figure import Figure
from fogbank.cost.hardware import load_hardware
from fogbank.settings import package_data

SMALL = "@cf/meta/llama-3.1-8b-instruct-fast"
TEXT = """\
name: mine
description: A machine.
sources: [an offer]
purchase: 1000
capacity:
  "@cf/test/instruct": { tokens_per_second: 10, output_share: 0.5, source: a guess }
"""


def write(root: Path, text: str, name: str = "mine.yaml") -> Path:
    (root / "hardware").mkdir(exist_ok=True)
    (root / "hardware" / name).write_text(text)
    return root


def test_the_samples() -> None:
    found = load_hardware(package_data())
    assert sorted(found) == ["owned-2xh100", "rented-h100", "this-cpu", "workstation"]
    names = load_catalog(package_data()).cards
    for machine in found.values():
        assert machine.sample
        assert SMALL in machine.capacity
        assert set(machine.capacity) <= set(names)
        figures = machine.figures(SMALL)
        assert any(not figure.known for figure in figures.values())
        assert machine.machine(SMALL).tokens_per_second == figures["tokens_per_second"].value


def test_a_number_is_a_figure_without_doubt(tmp_path: Path) -> None:
    mine = load_hardware(write(tmp_path, TEXT))["mine"]
    assert mine.purchase == Figure(value=1000, low=1000, high=1000)
    assert mine.machine("@cf/test/instruct").purchase == 1000
    assert mine.machine("@cf/test/instruct").years == 4


def test_a_model_without_a_capacity(tmp_path: Path) -> None:
    mine = load_hardware(write(tmp_path, TEXT))["mine"]
    with pytest.raises(LookupError, match=r"no capacity for @cf/other; it has @cf/test/instruct"):
        mine.machine("@cf/other")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("purchase: 1000", "purchase: 1000\nrent_per_hour: 1", "one of the two"),
        ("purchase: 1000", "pue: 1", "one of the two"),
        ("purchase: 1000", "purchase: 1000\npue: 0.9", "mine.yaml:5: pue: must be 1 or more"),
        ("purchase: 1000", "purchase: 1000\nresidual: 2", "a share lies between 0 and 1"),
        ("purchase: 1000", "purchase: 1000\nyears: 0", "must be above 0"),
        ("purchase: 1000", "purchase: -1", "greater than or equal to 0"),
        ("purchase: 1000", "purchase: {value: 3, low: 4, high: 5}", "not in this order"),
        ("purchase: 1000", "purchase: 1000\nidle_watts: 9", "below idle_watts"),
        ("purchase: 1000", "purchase: 1000\nwats: 9", "unknown key"),
        ("name: mine", "name: yours", "the file's name is its own: expected yours.yaml"),
        ("sources: [an offer]\n", "", "required key is missing"),
    ],
)
def test_mistakes(tmp_path: Path, old: str, new: str, told: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load_hardware(write(tmp_path, TEXT.replace(old, new)))
    assert told in str(caught.value)


def test_true_is_no_figure() -> None:
    with pytest.raises(ValidationError):
        Figure.model_validate(True)
