"""`fogbank bench`."""

import json
from pathlib import Path

import pytest
import yaml

from fogbank.cost.hardware import Hardware
from tests.cli.console import flat, fogbank, fogbank_beside, refused
from tests.server import TEXT, live, profile, running, settings


@pytest.mark.anyio
async def test_a_table_and_lines_for_a_hardware_file(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fogbank.load.climb.is_limit", lambda _: False)  # however busy tests are
    out = data / "results"
    quick = ("--seconds", "0.1", "--most", "2", "--tokens-in", "20", "--tokens-out", "5")
    served = profile(options={"seconds_per_token": 0.001})
    async with running(settings(data), served) as fogbank, live(fogbank.server) as url:
        shown = await fogbank_beside("bench", "instruct", *quick, "--url", url)
        told = await fogbank_beside("bench", TEXT, *quick, "--url", url, "--json", "--out", out)
        rated = await fogbank_beside("bench", TEXT, *quick, "--url", url, "--rate", "20")
        slow = await fogbank_beside("bench", TEXT, *quick, "--url", url, "--slo", "ttft_p95=0ms")
        absent = await fogbank_beside("bench", "@cf/other", *quick, "--url", url)
    assert shown.exit_code == 0, shown.stderr
    assert "Limited by: " in shown.stdout
    block = shown.stdout[shown.stdout.index("capacity:") :]
    told_capacity = yaml.safe_load(block)["capacity"]
    machine = {"name": "mine", "description": "Mine.", "sources": ["me"], "rent_per_hour": 1}
    capacity = Hardware.model_validate(machine | {"capacity": told_capacity}).capacity[TEXT]
    assert capacity.tokens_per_second.value > 0
    assert capacity.source.startswith("fogbank bench, ")
    lines = told.stdout.splitlines()  # the log of the server beside it is among them
    (document,) = (json.loads(line) for line in lines if line.startswith('{"url"'))
    assert json.loads((out / "bench.json").read_text()) == document
    assert f"{TEXT} at {url}" in (out / "bench.svg").read_text()
    assert all(0 < step["tpot_p50"] <= step["tpot_p99"] for step in document["steps"])
    assert "Arrivals/s" in rated.stdout
    assert "20 *" in rated.stdout
    assert "20 arrivals a second" in rated.stdout
    assert document["model"] == TEXT
    assert document["best"]["clients"] in (1, 2)
    assert [step["clients"] for step in document["steps"]] == [1, 2]
    assert document["slo"] == {"ttft_p95": 2.0, "errors": 0.01}
    assert slow.exit_code == 1
    assert "Not even one client keeps the objective." in flat(slow.stdout)
    assert absent.exit_code == 1
    assert "the first request was answered 400" in flat(absent.stderr)


def test_mistakes(data: Path, tmp_path: Path) -> None:
    refused(fogbank("bench", TEXT, "--slo", "fast"), "'fast' is not like ttft_p95=1s")
    refused(fogbank("bench", TEXT, "--dialect", "smtp"), "expected one of workers-ai, openai")
    refused(fogbank("bench", TEXT, "--mix", tmp_path / "absent"), "absent", status=1)
    refused(fogbank("bench", TEXT, "--rate", "0"), "--rate", "0.001")
    gone = fogbank("bench", TEXT, "--url", "http://127.0.0.1:9")
    refused(gone, "no server answers at http://127.0.0.1:9", status=1)


def test_a_client_for_each_open_file(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the client lacks is not called the server's error."""
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, 100))
    told = fogbank("bench", TEXT, "--most", "256", "--url", "http://127.0.0.1:9")
    refused(told, "256 clients need 320 open files, this user may have 100")
    given: list[tuple[int, int]] = []
    monkeypatch.setattr("resource.setrlimit", lambda _, limits: given.append(limits))
    fogbank("bench", TEXT, "--most", "8", "--url", "http://127.0.0.1:9")
    assert given == [(72, 100)]
