"""`fogbank cost report --compare`."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from fogbank.deployments.energygenius.comparison import arm_of, compared
from tests.cli.console import flat, fogbank, refused
from tests.deployments.energygenius.runs import run

SMALL = "@cf/meta/llama-3.1-8b-instruct-fast"


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOGBANK_DATA_DIR", str(tmp_path / "data"))


def comparison() -> dict[str, Any]:
    runs = [run("low-usage", tokens=(1000, 100), neurons=25.0)]
    arms = [arm_of(name, runs, model=SMALL, servedBy=None) for name in ("here", "there")]
    return copy.deepcopy(compared(arms))


def report(file: Path, *more: str) -> Any:
    return fogbank("cost", "report", "--compare", file, *more)


def test_a_comparison_is_in_the_table_and_the_json(tmp_path: Path) -> None:
    file = tmp_path / "compared.json"
    file.write_text(json.dumps(comparison()))
    text = flat(report(file).stdout)
    assert "No requests from" in text
    assert "│ USD a scenario │ 0.000275 │ 0.000275 │" in text
    assert "│ plan-scoring: p50 / max s │ 2.0 / 2.0 │ 2.0 / 2.0 │" in text
    assert "│ JSON valid: runs; answers │ 100%; 50% │ 100%; 50% │" in text
    assert "Top three: 100% the same plans" in text
    told = json.loads(report(file, "--as", "json").stdout)["compare"]
    assert [arm["name"] for arm in told["arms"]] == ["here", "there"]
    assert json.loads(fogbank("cost", "report", "--as", "json").stdout)["compare"] is None


def test_a_recording(tmp_path: Path) -> None:
    file = tmp_path / "cloudflare.json"
    spending = {"capNeurons": 500.0, "neurons": 25.0, "assumedNeurons": 0.0, "calls": 5,
                "prices": "2026-08-28", "stopped": None}  # fmt: skip
    recording = {
        "format": "fogbank-energygenius-recording/1",
        "name": "there",
        "model": SMALL,
        "spending": spending,
        "runs": comparison()["arms"][0]["runs"],
    }
    file.write_text(json.dumps(recording))
    told = json.loads(report(file, "--as", "json").stdout)["compare"]
    assert told["agreement"] is None
    assert told["arms"][0]["spending"]["cap_neurons"] == 500
    assert told["arms"][0]["neurons_per_scenario"] == 25


def test_files_that_are_none(tmp_path: Path) -> None:
    file = tmp_path / "x.json"
    refused(report(file), "cannot be read as JSON")
    for text, said in (
        ("{", "cannot be read as JSON"),
        ("[]", "is neither what 'fogbank compare --json' printed nor what --record wrote"),
        ('{"arms": []}', "arms: "),
        ('{"format": "fogbank-energygenius-recording/1", "runs": [{}]}', "a run lacks"),
    ):
        file.write_text(text)
        refused(report(file), said)
    wrong = comparison()
    wrong["arms"][1]["stages"]["narrative"]["jsonValid"] = 7
    del wrong["arms"][0]["wallMs"]
    file.write_text(json.dumps(wrong))
    refused(
        report(file),
        "x.json: arms[0].wallMs: this required key is missing",
        "x.json: arms[1].stages.narrative.jsonValid: input should be less than or equal to 1",
    )
