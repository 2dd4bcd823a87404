"""`fogbank cost simulate` and `fogbank cost prices`."""

import json
from pathlib import Path

import pytest

from fogbank.settings import package_data
from tests.cli.console import flat, fogbank, refused

MODEL = "llama-3.3-70b-instruct-fp8-fast"
ASKED = ("--model", MODEL, "--requests-per-day", "1000", "--tokens-in", "1000")


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOGBANK_DATA_DIR", str(tmp_path))
    return tmp_path


def another_table(folder: Path) -> None:
    text = (package_data() / "prices" / "2026-08-28.yaml").read_text()
    changed = text.replace("2026-08-28", "2026-11-01").replace("26668", "20000", 1)
    (folder / "prices").mkdir()
    (folder / "prices" / "2026-11-01.yaml").write_text(changed)


def test_a_bill_before_and_after_the_free_allocation() -> None:
    told = json.loads(fogbank("cost", "simulate", *ASKED, "--days", "10", "--json").stdout)
    assert told["neurons"] == pytest.approx(266_680)
    assert told["neurons_billed"] == pytest.approx(166_680)
    assert told["usd"] == pytest.approx(166_680 * 0.011 / 1000)
    assert (told["prices"], told["days"], told["unpriced"]) == ("2026-08-28", 10, [])
    text = flat(fogbank("cost", "simulate", *ASKED, "--days", "10").stdout)
    assert "266,680.00 neurons, of which 166,680.00 are billed after 10,000 free ones a day" in text
    assert "1.8335 USD (prices of 2026-08-28)" in text


def test_several_models_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "traffic.json"
    loads = [
        {"model": name, "requests_per_day": 10, "tokens_in": 100}
        for name in (MODEL, "bart-large-cnn", "llama-3.1-8b-instruct-fast")
    ]
    file.write_text(json.dumps({"days": 2, "models": loads}))
    told = json.loads(fogbank("cost", "simulate", file, "--json").stdout)
    assert told["unpriced"] == ["@cf/facebook/bart-large-cnn"]
    assert [each["requests"] for each in told["models"]] == [20, 20, 20]
    text = flat(fogbank("cost", "simulate", file).stdout)
    assert "Not in the price table, so in no sum: @cf/facebook/bart-large-cnn" in text
    assert "The price of @cf/meta/llama-3.1-8b-instruct-fast is assumed." in text


def test_mistakes(tmp_path: Path) -> None:
    refused(fogbank("cost", "simulate"), "name a file, or --model and --requests-per-day")
    refused(fogbank("cost", "simulate", tmp_path / "t.yaml", *ASKED), "not both")
    refused(fogbank("cost", "simulate", tmp_path / "absent.yaml"), "absent.yaml")
    refused(fogbank("cost", "simulate", *ASKED, "--days", "0"), "--days:")
    refused(fogbank("cost", "simulate", *ASKED, "--tokens-cached", "2000"), "more than tokens_in")
    refused(fogbank("cost", "simulate", *ASKED, "--prices", "now"), "'now' is no date")
    absent = fogbank("cost", "simulate", *ASKED, "--prices", "2020-01-01")
    refused(absent, "no price table of 2020-01-01; there are: 2026-08-28")
    unknown = fogbank("cost", "simulate", "--model", "gpt-99", "--requests-per-day", "1")
    refused(unknown, "no model 'gpt-99'")


def test_tables_and_what_changed_between_them(own: Path) -> None:
    another_table(own)
    lines = fogbank("cost", "prices", "list").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["2026-08-28", "2026-11-01"]
    assert "used unless another is asked for" in lines[1]
    told = json.loads(
        fogbank("cost", "prices", "diff", "2026-08-28", "2026-11-01", "--json").stdout
    )
    assert [(each["rate"], each["before"], each["after"]) for each in told] == [
        ("input", 26668, 20000)
    ]
    text = flat(fogbank("cost", "prices", "diff", "2026-08-28", "2026-11-01").stdout)
    assert "│ input │ M tokens │ 26,668 │ 20,000 │ -25.0 │" in text
    same = fogbank("cost", "prices", "diff", "2026-08-28", "2026-08-28").stdout
    assert same.startswith("No rate differs")
