from pathlib import Path

import pytest

from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.catalog.weights import HubWeights
from fogbank.cli.progress import Bars
from tests.cli.console import flat, fogbank, refused, write_catalog
from tests.hub.standin import HubStandIn, Repo
from tests.server import CHAT, OLD, STAND_IN, TEXT
from tests.weights.samples import tiny_model

SMALL = Served(engine="big", stands_in="A small one")
PROFILE = Profile(
    name="from-hub",
    description="A hub's weights.",
    hardware="cpu",
    hub=True,
    engines={"big": EngineSpec(engine="vllm", weights=HubWeights(hub="owner/tiny"))},
    models=dict.fromkeys((TEXT, CHAT, OLD, STAND_IN), SMALL),
)


def test_a_pull_says_what_it_does_and_what_it_did(tmp_path: Path, hub: HubStandIn) -> None:
    hub.repos["owner/tiny"] = Repo(tiny_model())
    data = write_catalog(tmp_path / "data", PROFILE)
    options = ("--profile", "from-hub", "--data-dir", data)
    result = fogbank("pull", *options)
    assert result.exit_code == 0, result.stderr
    told = [line.strip() for line in result.stderr.splitlines()]
    assert told[1:4] == [
        f"A small one stands in for {CHAT}, {TEXT}, {STAND_IN} and 1 more",
        "Not yet locked to a commit of the hub, so locked now: big",
        f"asking {hub.url} about owner/tiny ...",
    ]
    done = flat(result.stdout)
    assert "big fetched 0.0 MB" in done
    assert f"owner/tiny main is now locked to {'c' * 40}." in done
    lock = data / "locks" / "from-hub.lock.json"
    assert lock.exists()
    assert done.rstrip().endswith(f"Locked in {lock}")
    again = fogbank("pull", *options)
    assert "big present" in flat(again.stdout)
    assert "asking" not in again.stderr
    assert "locked" not in again.stderr


def test_a_profile_without_weights_has_no_lock(data: Path) -> None:
    assert fogbank("pull", "--profile", "test").stdout == "Profile test needs no weights.\n"


def test_a_repository_that_there_is_not(tmp_path: Path, hub: HubStandIn) -> None:
    data = write_catalog(tmp_path / "data", PROFILE)
    result = fogbank("pull", "--profile", "from-hub", "--data-dir", data)
    refused(result, "owner/tiny", status=1)


def test_off_a_terminal_each_step_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars() as bars:
        bars.update("waiting", 0, None)
        for done in range(3):
            bars.update("fetch", done, 3)
    assert capsys.readouterr().err == "waiting ...\nfetch ...\n"
