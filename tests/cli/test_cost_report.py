"""`fogbank cost report`, `rows` and `hardware`."""

import csv
import io
import json
import re
import shlex
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fogbank.storage.ledger_store import store_opener
from tests.cli.console import flat, fogbank, refused
from tests.deployments.pages.html import read
from tests.storage.ledger_rows import row

SMALL = "@cf/meta/llama-3.1-8b-instruct-fast"
NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FOGBANK_DATA_DIR", str(tmp_path))
    rows = [
        row(1, at=NOW - DAY, model=SMALL, neurons=15_000.0, prompt_tokens=400_000, key="app"),
        row(2, at=NOW - DAY, model=SMALL, neurons=5_000.0, prompt_tokens=100_000, key=None),
        row(3, at=NOW - DAY, model="@cf/baai/bge-small-en-v1.5", neurons=None, key=None),
        row(4, at=NOW - 90 * DAY, model=SMALL, neurons=1e9),
    ]
    with closing(store_opener(tmp_path, None)()) as store:
        store.insert(rows)
    return tmp_path


def test_the_table() -> None:
    text = flat(fogbank("cost", "report", "--hardware", "rented-h100").stdout)
    assert "│ app │ 1 │ 400,000 │ 20 │ 15,000.00 │ 0.0825 │" in text
    assert "Workers AI: 0.1100 USD for 10,000.00 of 20,000.00 neurons, 10,000 a UTC day" in text
    assert "Not in the price table, so in no sum: @cf/baai/bge-small-en-v1.5" in text
    assert "Own hardware, rented-h100" in text
    assert "A SAMPLE: put your own figures in." in text
    assert "Break-even:" in text
    assert "Cheaper than Workers AI in 0 % of 10,000 draws" in text


def test_json_and_csv_have_the_same_lines(tmp_path: Path) -> None:
    told = json.loads(fogbank("cost", "report", "--as", "json").stdout)
    assert told["usd"] == pytest.approx(0.11)
    assert [line["key"] for line in told["lines"]] == ["app", None, None]
    file = tmp_path / "lines.csv"
    assert fogbank("cost", "report", "--as", "csv", "--out", file).stdout == f"Written: {file}\n"
    lines = list(csv.DictReader(io.StringIO(file.read_text())))
    assert [line["neurons"] for line in lines] == ["15000.0", "5000.0", ""]
    assert float(lines[0]["usd"]) == told["lines"][0]["usd"]


def test_the_rows_behind_it() -> None:
    def ids(*options: str) -> list[str]:
        lines = fogbank("cost", "rows", *options).stdout.splitlines()
        return [json.loads(line)["id"] for line in lines]

    assert ids("--model", SMALL) == ["process-1", "process-2"]
    assert ids("--key", "app") == ["process-1"]
    assert ids("--key", "") == ["process-2", "process-3"]
    assert ids("--since", "200d", "--until", "2d") == ["process-4"]
    assert ids("--model", SMALL, "--since", "200d") == ["process-4", "process-1", "process-2"]


def test_the_page_and_the_commands_that_it_names(tmp_path: Path) -> None:
    file = tmp_path / "cost.html"
    made = fogbank("cost", "report", "--hardware", "rented-h100", "--as", "html", "--out", file)
    assert made.stdout == f"Written: {file}\n"
    page = read(file.read_text())
    assert "Workers AI is cheaper in all of 10,000 draws" in page.main_heading
    commands = re.findall(r"fogbank (cost rows .*?Z --until \S+Z)", page.text)
    found = [json.loads(fogbank(*shlex.split(each)).stdout)["id"] for each in commands]
    assert found == ["process-1", "process-2", "process-3"]
    assert "<!DOCTYPE html>" in fogbank("cost", "report", "--as", "html").stdout


def test_priced_again() -> None:
    told = json.loads(fogbank("cost", "report", "--prices", "2026-08-28", "--as", "json").stdout)
    assert told["neurons_as"] == "priced again"
    assert told["lines"][0]["neurons"] == pytest.approx((400_000 * 4119 + 20 * 34868) / 1e6)


def test_hardware_is_listed() -> None:
    lines = fogbank("cost", "hardware").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "owned-2xh100",
        "rented-h100",
        "this-cpu",
        "workstation",
    ]
    assert all("a sample" in line for line in lines)


def test_nothing_and_mistakes() -> None:
    assert "No requests from" in fogbank("cost", "report", "--since", "1h").stdout
    refused(fogbank("cost", "report", "--hardware", "mine"), "no hardware 'mine'; there is:")
    refused(fogbank("cost", "report", "--as", "pdf"), "expected one of table, json, csv, html")
    refused(fogbank("cost", "rows", "--until", "soon"), "--until 'soon'")
    refused(fogbank("cost", "report", "--since", "soon"), "--since 'soon'")
    refused(fogbank("cost", "report", "--prices", "2020-01-01"), "no price table of 2020-01-01")
