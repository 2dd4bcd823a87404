"""`fogbank compare --cloudflare` against stand-ins on loopback: a Fogbank, and one that is ill."""

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from structlog.testing import capture_logs
from typer.testing import Result

from fogbank.cost.prices import PriceTable
from tests.cli import cloud as clouds
from tests.cli.cloud import Cloud, serve_cloud
from tests.cli.console import flat, fogbank, fogbank_beside, refused
from tests.deployments.energygenius.genius import FAST, genius
from tests.server import ACCOUNT, UNPRICED, live

TOKEN = "the-owners-Secret-Token.1"
ONE = ("--scenario", "low-usage")
RATES = {"input": clouds.INPUT, "output": clouds.OUTPUT}
PRICES = PriceTable.model_validate(
    {
        **UNPRICED.model_dump(),
        "date": date(2099, 1, 1),
        "models": {
            FAST: {"task": "Text Generation", "unit": "M tokens", "neurons": RATES, "usd": RATES}
        },
    }
)


@pytest.fixture(autouse=True)
def account(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", ACCOUNT)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    (data / "prices").mkdir()
    written = yaml.safe_dump(PRICES.model_dump(mode="json"))
    (data / "prices" / f"{PRICES.date}.yaml").write_text(written)


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    with serve_cloud() as made:
        monkeypatch.setenv("CLOUDFLARE_API_BASE_URL", made.url)
        yield made


def asked(file: Path, *more: str, cap: float = 1000) -> Result:
    return fogbank(
        "compare",
        "--cloudflare",
        FAST,
        "--cap-neurons",
        str(cap),
        "--record",
        file,
        "--json",
        *more,
    )


def arm_of(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    told: dict[str, Any] = json.loads(result.stdout)
    return dict(told["arms"][0])


@pytest.mark.anyio
async def test_beside_the_same_model_here(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Fogbank is the cloud, and the server beside it; then its recording is replayed alone."""
    file = tmp_path / "cloudflare.json"
    with capture_logs():
        async with genius(tmp_path / "server", prices=PRICES) as made, live(made.server) as url:
            monkeypatch.setenv("CLOUDFLARE_API_BASE_URL", f"{url}/client/v4")
            monkeypatch.setenv("FOGBANK_URL", url)
            there = ("compare", *ONE, "--cloudflare", FAST, "--cap-neurons", "500")
            shown = await fogbank_beside(*there)
            recorded = await fogbank_beside(*there, "--record", file, "--json")
            before = made.engine.started
            replayed = await fogbank_beside("compare", *ONE, "--replay", file, "--json")
            assert made.engine.started == before + 5
    assert shown.exit_code == 0, shown.stderr
    text = flat(shown.stdout)
    assert f"{FAST} at 127.0.0.1:" in text
    assert "Spent " in text
    assert "neurons in 5 calls; the cap was 500." in text
    assert "Top three: 100% the same plans" in text
    arm = arm_of(recorded)
    assert (arm["failedRuns"], arm["model"]) == (0, FAST)
    assert all(stage["answersValid"] == 1 for stage in arm["stages"].values())
    assert all(stage["tokensPerSecond"] > 0 for stage in arm["stages"].values())
    spent = arm["spending"]
    assert spent["neurons"] == pytest.approx(arm["neuronsPerScenario"])
    assert spent["assumedNeurons"] == 0
    by_stage = sum(stage["neurons"] for stage in arm["runs"][0]["stages"].values())
    assert spent["neurons"] == pytest.approx(by_stage, abs=5 * 0.01 + 1e-3)
    second = json.loads(replayed.stdout)["arms"][1]
    assert second["spending"] == spent
    assert second["runs"] == arm["runs"]


def test_json_that_does_not_fit_is_counted(cloud: Cloud, tmp_path: Path) -> None:
    cloud.plan = [clouds.WRONG_VALUE, clouds.GOOD, clouds.NO_FIT, clouds.UNMET]
    arm = arm_of(asked(tmp_path / "run.json", *ONE))
    summary, scoring = arm["stages"]["usageSummary"], arm["stages"]["planScoring"]
    assert (summary["asked"], summary["jsonTries"], summary["answersValid"]) == (2, 2, 0.5)
    assert summary["jsonValid"] == 1
    assert (scoring["jsonTries"], scoring["answered"], scoring["jsonValid"]) == (2, 0, 0)
    assert arm["errors"] == 1
    assert arm["neuronsPerScenario"] == arm["spending"]["neurons"]
    assert arm["spending"]["assumedNeurons"] > 0  # of UNMET
    assert arm["spending"]["calls"] == 7


def test_bad_days(cloud: Cloud, tmp_path: Path) -> None:
    cloud.plan = [clouds.FULL, clouds.BROKEN, clouds.GARBAGE, clouds.HANGS_UP]
    arm = arm_of(asked(tmp_path / "run.json", *ONE))
    assert arm["errors"] == 2
    said = " ".join(error["message"] for error in arm["runs"][0]["errors"])
    assert "Capacity temporarily exceeded" in said
    assert "Upstream service unavailable" in said
    assert cloud.neurons <= arm["spending"]["neurons"] + arm["spending"]["assumedNeurons"]


def test_a_slow_one_is_given_up_and_paid_for(cloud: Cloud, data: Path, tmp_path: Path) -> None:
    (data / "deployments").mkdir()
    quick = {"name": "energygenius", "options": {"stage_seconds": 0.4, "tries": 1}}
    (data / "deployments" / "energygenius.yaml").write_text(yaml.safe_dump(quick))
    cloud.plan = [clouds.SLOW]
    arm = arm_of(asked(tmp_path / "run.json", *ONE))
    assert "Request timeout" in arm["runs"][0]["errors"][0]["message"]
    assert arm["spending"]["assumedNeurons"] > 0


@effort(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(clouds.ALL), max_size=30),
    st.floats(10, 400),
)
def test_the_cap_holds_by_the_clouds_own_books(
    cloud: Cloud, tmp_path: Path, plan: list[str], cap: float
) -> None:
    cloud.plan, cloud.neurons = list(plan), 0.0
    result = asked(tmp_path / "run.json", cap=cap)
    assert cloud.neurons <= cap + 1e-6
    if result.exit_code == 0:
        spent = arm_of(result)["spending"]
        assert cloud.neurons <= spent["neurons"] + spent["assumedNeurons"] + 1e-3
        assert spent["neurons"] + spent["assumedNeurons"] <= cap + 1e-3


def test_it_stops_at_the_cap_and_keeps_whole_scenarios(cloud: Cloud, tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    whole = arm_of(asked(tmp_path / "all.json"))["spending"]["neurons"]
    cloud.neurons = 0
    result = asked(file, cap=whole * 0.8)
    arm = arm_of(result)
    assert 1 <= len(arm["runs"]) < 5
    assert arm["failedRuns"] == 0
    assert "neurons was not made" in arm["spending"]["stopped"]
    assert f"Stopped after {len(arm['runs'])} of 5" in flat(result.stderr)
    assert f"Recorded {len(arm['runs'])} scenarios" in flat(result.stderr)
    assert cloud.neurons <= whole * 0.8
    cloud.paths.clear()
    refused(
        asked(tmp_path / "none.json", cap=1),
        "Stopped after 0 of 5: a call of at most",
        "no scenario was answered to its end",
        status=1,
    )
    assert cloud.paths == []


@pytest.mark.parametrize("what", [clouds.LOCKED, clouds.SPENT])
def test_what_ends_it_at_once(cloud: Cloud, tmp_path: Path, what: str) -> None:
    cloud.plan = [what]
    result = asked(tmp_path / "run.json")
    assert result.exit_code == 1
    assert "Stopped after 0 of 5: 127.0.0.1:" in flat(result.stderr)
    assert len(cloud.paths) == 1


def test_what_was_paid_for_survives_control_c(cloud: Cloud, tmp_path: Path) -> None:
    cloud.plan = [clouds.GOOD] * 5 + [clouds.SLOW]
    file = tmp_path / "run.json"
    command = [sys.executable, "-c", "from fogbank.cli.main import app; app()", "compare"]
    options = ["--cloudflare", FAST, "--cap-neurons", "1000", "--record", str(file)]
    with subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL) as process:
        assert cloud.asked.wait(60)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    recorded = json.loads(file.read_text())
    assert len(recorded["runs"]) == 1
    assert recorded["spending"]["stopped"] == "interrupted"
    assert recorded["spending"]["assumedNeurons"] > 0


def test_no_secret_leaves(cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The cloud repeats both in its errors."""
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "run.json"
    cloud.plan = [clouds.BROKEN]
    good = asked(file, *ONE)
    cloud.plan = [clouds.LOCKED]
    locked = asked(tmp_path / "other.json", *ONE)
    assert cloud.tokens == {f"Bearer {TOKEN}"}
    assert ACCOUNT in cloud.paths[0]
    assert "Authentication error for /client/v4/accounts/[account_id]/ai/run/" in locked.stderr
    everything = [good.output, good.stderr, locked.output, locked.stderr, caplog.text]
    everything.append(file.read_text())
    for text in everything:
        for secret in (ACCOUNT, TOKEN):
            assert secret.lower() not in text.lower()


def test_what_is_not_asked(cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = ("compare", "--cloudflare", FAST)
    capped = (*there, "--cap-neurons", "9", "--record", tmp_path / "run.json")
    refused(fogbank(*there), "--cloudflare NAME and --cap-neurons N go together")
    refused(fogbank(*there, "--cap-neurons", "inf"), "go together")
    refused(fogbank("compare", "--cap-neurons", "9"), "go together")
    refused(fogbank(*capped, "--model", FAST), "says what the first arm is")
    refused(fogbank(*there, "--cap-neurons", "9", "--record", tmp_path / "no" / "x"), "name a file")
    refused(fogbank("compare", "--cloudflare", "@cf/none", *capped[3:]), "no model '@cf/none'")
    refused(fogbank("compare", "--cloudflare", "@cf/test/large", *capped[3:]), "has no price")
    for name, value, said in (
        ("CLOUDFLARE_API_BASE_URL", "http://example.com/client/v4", "expected https://"),
        ("CLOUDFLARE_API_BASE_URL", "https://[", "expected https://"),
        ("CLOUDFLARE_ACCOUNT_ID", "../x", "expected 32 hexadecimal digits"),
        ("CLOUDFLARE_API_TOKEN", "two words", "expected printable ASCII"),
        ("CLOUDFLARE_API_TOKEN", "", "set CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN"),
    ):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            result = fogbank(*capped)
            refused(result, said)
            assert not value or name.endswith("URL") or value not in result.stderr
    assert cloud.paths == []
    monkeypatch.setenv("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:9/client/v4")
    gone = asked(tmp_path / "run.json")
    assert "127.0.0.1:9 is not reached (ConnectError)" in flat(gone.stderr)
