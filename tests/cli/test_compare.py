"""`fogbank compare` beside servers: two models, two servers, a recorded run, a Worker."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from fogbank.engines.base import EngineError
from tests.cli.console import flat, fogbank, fogbank_beside, refused
from tests.deployments.energygenius.genius import ACCURATE, FAST, MOUNT, SCENARIOS, body, genius
from tests.server import Running, live

pytestmark = pytest.mark.anyio
ONE = ("--scenario", "low-usage")


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """A server that the commands find by FOGBANK_URL; its log is not mixed into their output."""
    with capture_logs():
        async with genius(tmp_path) as made, live(made.server) as url:
            monkeypatch.setenv("FOGBANK_URL", url)
            yield made


async def report(*arguments: str | Path) -> dict[str, Any]:
    result = await fogbank_beside("compare", *arguments, "--json")
    assert result.exit_code == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return told


async def test_a_table_of_two_models(server: Running) -> None:
    result = await fogbank_beside("compare")
    text = flat(result.stdout)
    assert result.exit_code == 0, result.stderr
    assert FAST in text
    assert ACCURATE in text
    for row in ("usage-summary: p50 / max s", "tokens/s", "narrative", "0 of 5", "neurons"):
        assert row in text
    assert "Top three: 100% the same plans" in text
    assert "the same first in 5 of 5." in text
    assert result.stderr.count(" of 5)") == 10


async def test_as_json(server: Running) -> None:
    told = await report(*ONE)
    assert [arm["model"] for arm in told["arms"]] == [FAST, ACCURATE]
    assert [[run["scenario"] for run in arm["runs"]] for arm in told["arms"]] == [
        ["low-usage"],
        ["low-usage"],
    ]
    assert told["agreement"]["sameFirst"] == 1


async def test_models_by_name(server: Running) -> None:
    told = await report(*ONE, "--model", ACCURATE, "--with", FAST)
    assert [arm["model"] for arm in told["arms"]] == [ACCURATE, FAST]


async def test_two_servers(server: Running, tmp_path: Path) -> None:
    async with genius(tmp_path / "other") as other, live(other.server) as url:
        told = await report(*ONE, "--with-url", url)
        assert other.engine.started == 5
    assert [arm["model"] for arm in told["arms"]] == [FAST, FAST]
    assert told["arms"][0]["name"] != told["arms"][1]["name"]


async def test_a_recorded_run_is_an_arm(server: Running, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    recorded = await report("--record", file)
    assert len(recorded["arms"]) == 1
    told = await report(*ONE, "--model", ACCURATE, "--replay", file)
    assert told["arms"][1]["model"] == FAST
    assert ", recorded 20" in told["arms"][1]["name"]
    assert [run["scenario"] for run in told["arms"][1]["runs"]] == ["low-usage"]
    assert told["agreement"]["overlap"] == 1


async def test_answers_that_somebody_else_recorded(server: Running, tmp_path: Path) -> None:
    answer = (await server.client.post(f"{MOUNT}/api/recommend", json=body("low-usage"))).json()
    for stage in answer["performance"].values():  # as the old Worker says it
        for key in set(stage) - {"promptBuildMs", "inferenceMs", "parseMs", "totalMs", "ran"}:
            del stage[key]
    file = tmp_path / "cloudflare.json"
    file.write_text(
        json.dumps(
            {
                "format": "fogbank-energygenius-recording/1",
                "name": "Cloudflare",
                "runs": [{"scenario": "low-usage", "answer": answer, "wallMs": 15000}],
            }
        )
    )
    told = await report("--replay", file)
    assert told["arms"][1]["name"] == "Cloudflare"
    assert told["arms"][1]["wallMs"]["maxMs"] == 15000
    assert told["arms"][1]["neuronsPerScenario"] is None
    assert len(told["agreement"]["scenarios"]) == 1


async def test_a_worker_is_asked_as_it_is(tmp_path: Path) -> None:
    """One whose root is EnergyGenius, as a deployed Worker's is."""
    file = tmp_path / "worker.json"
    with capture_logs():
        async with genius(tmp_path) as server, live(server.server) as url:
            told = await report(*ONE, "--worker", url + MOUNT, "--record", file)
    assert told["arms"][0]["model"] is None
    assert told["arms"][0]["runs"][0]["top"]
    assert json.loads(file.read_text())["runs"][0]["scenario"] == "low-usage"


async def test_errors_are_counted(server: Running) -> None:
    for _ in range(2):
        server.engine.fail_next(EngineError("no"))
    result = await fogbank_beside("compare", *ONE)
    assert "1 of 1" in flat(result.stdout)


async def test_what_cannot_be_compared(server: Running, tmp_path: Path) -> None:
    refused(
        await fogbank_beside("compare", "--scenario", "none"), "no scenario 'none'", "low-usage"
    )
    refused(
        await fogbank_beside("compare", *ONE, "--model", "@cf/no/such"),
        "'@cf/no/such' is not served here",
        status=1,
    )
    refused(
        await fogbank_beside("compare", "--replay", tmp_path / "x", "--record", tmp_path / "y"),
        "one of --with-url, --replay and --record",
    )
    refused(
        await fogbank_beside("compare", *ONE, "--mount", "/nowhere"),
        "server answered 400",
        status=1,
    )
    assert set(SCENARIOS) >= {"low-usage"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "is no recording"),
        ("[]", 'expected "format"'),
        ('{"format": "fogbank-energygenius-recording/1"}', "KeyError: 'runs'"),
        ('{"format": "fogbank-energygenius-recording/1", "runs": [{}]}', "a run lacks"),
        ('{"format": "fogbank-energygenius-recording/1", "runs": []}', "none of the scenarios"),
    ],
)
async def test_files_that_are_none(
    server: Running, tmp_path: Path, content: str, said: str
) -> None:
    file = tmp_path / "run.json"
    file.write_text(content)
    refused(await fogbank_beside("compare", *ONE, "--replay", file), said)


def test_no_server() -> None:
    refused(fogbank("compare", "--url", "http://127.0.0.1:9"), "no server answers", status=1)
