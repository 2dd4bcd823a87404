"""`fogbank cost import`."""

import json
from pathlib import Path

import pytest

from tests.cli.console import flat, fogbank, refused
from tests.deployments.pages.html import read

SMALL = "@cf/meta/llama-3.1-8b-instruct-fp8-fast"


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOGBANK_DATA_DIR", str(tmp_path))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    row = {
        "created_at": "2026-11-20T10:00:00Z",
        "model": "workers-ai/" + SMALL,
        "tokens_in": 2_000_000,
        "tokens_out": 1_000_000,
    }
    file = tmp_path / "logs.jsonl"
    other = {**row, "created_at": "2026-11-21T10:00:00Z", "model": "gpt-4o"}
    file.write_text(json.dumps(row) + "\n" + json.dumps(other) + "\n{bad\n")
    return file


def test_bad_rows_stop_it_unless_they_are_to_be_skipped(log: Path) -> None:
    result = fogbank("cost", "import", log)
    refused(result, f"{log}:3: is no JSON", "1 of 3 rows are bad; --skip-bad leaves them out")
    text = flat(fogbank("cost", "import", log, "--skip-bad").stdout)
    neurons = 2 * 4119 + 34868
    assert f"{neurons:,.2f}" in text
    assert "Not in the price table, so in no sum: gpt-4o" in text
    assert "3 rows, 1 bad ones left out." in text


def test_a_model_of_another_cloud_counts_as_one_of_ours(log: Path) -> None:
    mapped = ("--model", "gpt-4o=llama-3.3-70b-instruct-fp8-fast")
    options = ("--skip-bad", *mapped, "--as", "json", "--hardware", "rented-h100")
    told = json.loads(fogbank("cost", "import", log, *options).stdout)
    assert told["days"] == 2
    assert told["neurons"] == pytest.approx(2 * 4119 + 34868 + 2 * 26668 + 204805)
    assert told["neurons_billed"] == pytest.approx(told["neurons"] - 20_000)
    assert told["own"]["tokens_per_second"] > 0


def test_mistakes(log: Path, tmp_path: Path) -> None:
    refused(fogbank("cost", "import", tmp_path / "absent"), "absent", status=1)
    refused(fogbank("cost", "import", log, "--column", "model"), "expected two names")
    refused(fogbank("cost", "import", log, "--model", "gpt-4o=gpt-5"), "no model 'gpt-5'")
    refused(fogbank("cost", "import", log, "--day", "today"), "--day 'today' is no date")
    columns = tmp_path / "columns.csv"
    columns.write_text("a,b\n1,2\n")
    refused(fogbank("cost", "import", columns), "no column is known as model", "There are: a, b")


def test_a_page(log: Path, tmp_path: Path) -> None:
    file = tmp_path / "cost.html"
    result = fogbank("cost", "import", log, "--skip-bad", "--as", "html", "--out", file)
    assert result.stdout == f"Written: {file}\n"
    text = read(file.read_text()).text
    assert f"logs.jsonl: the rows with model {SMALL} and no key" in text
    assert "Not in the price table, so in no sum: gpt-4o." in text
