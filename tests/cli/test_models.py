from pathlib import Path

import pytest

from fogbank.catalog.profile import EngineSpec, Profile, Served
from fogbank.catalog.weights import HubWeights
from tests.cli.console import flat, fogbank, refused, write_catalog
from tests.hub.standin import HubStandIn, Repo
from tests.server import ABSENT, STAND_IN, STANDING_IN, TEXT
from tests.weights.samples import tiny_model

HUB = Profile(
    name="from-hub",
    description="A hub's weights.",
    hardware="cpu",
    hub=True,
    engines={"big": EngineSpec(engine="vllm", weights=HubWeights(hub="owner/tiny"))},
    models={TEXT: Served(engine="big")},
)


def test_it_lists_what_answers(data: Path) -> None:
    result = fogbank("models", "--profile", "test")
    text = flat(result.stdout)
    assert "Profile test: Fake engines." in text
    assert f"{TEXT} │ Text Generation │ text │" in text
    assert f"{STAND_IN} │ Text Generation │ {STANDING_IN} (stand-in) │" in text
    assert ABSENT not in text
    assert "locked" not in text


def test_all_says_who_has_the_others(data: Path) -> None:
    text = flat(fogbank("models", "--profile", "test", "--all").stdout)
    assert f"{ABSENT} │ Text Generation │ no profile has its weights" in text
    assert f"{TEXT} │ Text Generation │ text" in text


def test_a_revision_that_may_move_is_named_until_it_is_locked(
    tmp_path: Path, hub: HubStandIn
) -> None:
    write_catalog(tmp_path / "data", HUB)
    options = ("--profile", "from-hub", "--data-dir", tmp_path / "data")
    assert "Not locked to a commit of the hub: big." in fogbank("models", *options).stdout
    hub.repos["owner/tiny"] = Repo(tiny_model())
    assert fogbank("pull", *options).exit_code == 0
    assert "locked" not in fogbank("models", *options).stdout


def test_a_profile_that_there_is_not(data: Path) -> None:
    refused(fogbank("models", "--profile", "tests"), "no profile 'tests'", "embedded", "test")


@pytest.mark.parametrize("command", ["models", "pull", "serve"])
def test_a_mistake_in_a_card_is_told_with_its_place(data: Path, command: str) -> None:
    (data / "cards" / "mine.yaml").write_text("name: '@cf/mine/model'\ntask: Text Generatoin\n")
    refused(fogbank(command), "mine.yaml:2", "task")
