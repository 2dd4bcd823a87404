"""Price tables as files: mistakes by line, several dates, the operator's own."""

import json
from datetime import date
from pathlib import Path

import pytest

from fogbank.catalog.mistakes import CatalogError
from fogbank.cost.price_files import load_prices
from fogbank.settings import package_data

RECORDED = package_data().parents[1] / "shared" / "contract" / "pricing.json"
TABLE = """\
date: 2026-01-02
sources: [a test]
usd_per_1000_neurons: 0.011
free_neurons_per_day: 10000
models:
  "@cf/test/instruct":
    task: Text Generation
    unit: M tokens
    neurons: { input: 100, output: 200 }
    usd: { input: 0.001, output: 0.002 }
"""


def write(root: Path, name: str, text: str) -> Path:
    (root / "prices").mkdir(parents=True, exist_ok=True)
    (root / "prices" / name).write_text(text)
    return root


def test_the_newest_table_is_used_and_says_so(tmp_path: Path) -> None:
    write(tmp_path, "2026-01-02.yaml", TABLE)
    write(tmp_path, "2025-12-31.yaml", TABLE.replace("2026-01-02", "2025-12-31"))
    book = load_prices(tmp_path)
    assert book.newest.date == date(2026, 1, 2)
    assert list(book.tables) == [date(2025, 12, 31), date(2026, 1, 2)]


def test_an_operators_table_takes_the_place_of_the_packaged_one(tmp_path: Path) -> None:
    package = write(tmp_path / "package", "2026-01-02.yaml", TABLE)
    own = write(tmp_path / "own", "2026-01-02.yaml", TABLE.replace("0.011", "0.02"))
    assert load_prices(package, own).newest.usd_per_1000_neurons == 0.02


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("M tokens", "M token", "2026-01-02.yaml:8: models.@cf/test/instruct.unit: input should"),
        ("{ input: 100,", "{ input: 0,", ":9: models.@cf/test/instruct.neurons.input: input "),
        ("input: 100,", "input: 100, per_image: 1,", ":6: models.@cf/test/instruct: 'per_image'"),
        ("output: 200", "cached_input: 2", "neurons and usd have different rates"),
        ("    task", "    tusk", ":7: models.@cf/test/instruct.tusk: unknown key; did you mean"),
        ("2026-01-02", "2026-01-03", ":1: date: the file's name is its date"),
        ("2026-01-02", "soon", "2026-01-02.yaml:1: date: "),
        ("models:", "models: [", "not YAML"),
    ],
)
def test_mistakes_have_a_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    write(tmp_path, "2026-01-02.yaml", TABLE.replace(old, new, 1))
    with pytest.raises(CatalogError) as caught:
        load_prices(tmp_path)
    assert told in str(caught.value)


def test_no_table_at_all(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no price table"):
        load_prices(tmp_path)


@pytest.mark.contract("7", "decision 3")
def test_the_packaged_table() -> None:
    table = load_prices(package_data()).newest
    assert (table.usd_per_1000_neurons, table.free_neurons_per_day) == (0.011, 10_000)
    fast = table.models["@cf/meta/llama-3.1-8b-instruct-fast"]
    assert fast.assumed
    assert fast.neurons == table.models["@cf/meta/llama-3.1-8b-instruct-fp8-fast"].neurons


@pytest.mark.contract("7")
def test_every_row_was_carried_over() -> None:
    if not RECORDED.is_file():
        pytest.skip("the recorded price table is not on this machine")
    recorded = json.loads(RECORDED.read_text())
    table = load_prices(package_data()).newest
    assert set(table.models) - set(recorded["models"]) == {"@cf/meta/llama-3.1-8b-instruct-fast"}
    for name, row in recorded["models"].items():
        assert table.models[name].usd == row["usd"], name
        if row["neurons"] is not None:
            assert table.models[name].neurons == row["neurons"], name


@pytest.mark.contract("7")
def test_dollars_are_rounded_neurons() -> None:
    """Cloudflare's two columns agree to the display's last digit, in every row but one."""
    table = load_prices(package_data()).newest
    off = set()
    for name, price in table.models.items():
        for rate, neurons in price.neurons.items():
            shown = price.usd[rate]
            if abs(table.usd(neurons) - shown) > _half_a_digit(shown):
                off.add(name)
    assert off == {"@cf/pipecat-ai/smart-turn-v2"}


def _half_a_digit(shown: float) -> float:
    digits = len(f"{shown:.10f}".rstrip("0").split(".")[1])
    return 0.51 * 10.0 ** -max(digits, 3 if shown < 1 else 2)
