import hashlib
from pathlib import Path

import pytest

from fogbank.catalog.profile import EngineSpec, Profile
from fogbank.catalog.weights import FolderWeights, HubWeights
from tests.cli.console import flat, fogbank, refused, write_catalog
from tests.hub.standin import HubStandIn, Repo
from tests.weights.samples import tiny_model

PROFILE = Profile(
    name="both",
    description="A hub's weights and a folder.",
    hardware="cpu",
    hub=True,
    engines={
        "big": EngineSpec(engine="vllm", weights=HubWeights(hub="owner/tiny")),
        "own": EngineSpec(engine="vllm", weights=FolderWeights(folder="mine")),
    },
    models={},
)


@pytest.fixture
def pulled(tmp_path: Path, hub: HubStandIn) -> tuple[str | Path, ...]:
    """Options of a data directory that has the profile's weights."""
    data = write_catalog(tmp_path / "data", PROFILE)
    hub.repos["owner/tiny"] = Repo(tiny_model())
    (data / "mine").mkdir()
    for name, content in tiny_model().items():
        (data / "mine" / name).write_bytes(content)
    options = ("--profile", "both", "--data-dir", data)
    assert fogbank("pull", *options).exit_code == 0
    return options


def test_weights_are_carried_over(pulled: tuple[str | Path, ...], tmp_path: Path) -> None:
    file, there = tmp_path / "weights.tar", tmp_path / "there"
    packed = fogbank("bundle", file, *pulled)
    assert packed.exit_code == 0, packed.stderr
    assert "pack ..." in packed.stderr
    assert "Packed profile both" in packed.stdout
    assert "Engine own reads mine: copy that yourself." in packed.stdout
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    assert f"There: fogbank bundle weights.tar --in --sha256 {sha256}" in packed.stdout
    taken = fogbank("bundle", file, "--in", "--sha256", sha256, "--data-dir", there)
    assert "unpack ..." in taken.stderr
    assert "Took in profile both" in taken.stdout
    assert list((there / "models").glob("hub-owner--tiny-*"))


def test_another_file_than_was_packed(pulled: tuple[str | Path, ...], tmp_path: Path) -> None:
    file = tmp_path / "weights.tar"
    fogbank("bundle", file, *pulled)
    there = ("--data-dir", tmp_path / "there")
    result = fogbank("bundle", file, "--in", "--sha256", "0" * 64, *there)
    refused(result, "SHA-256 is not the one given", status=1)
    assert not (tmp_path / "there").exists()


def test_weights_that_are_not_here(tmp_path: Path) -> None:
    data = write_catalog(tmp_path / "data", PROFILE)
    result = fogbank("bundle", tmp_path / "x.tar", "--profile", "both", "--data-dir", data)
    refused(result, "engine big are not on this machine", "fogbank pull --profile both", status=1)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    result = fogbank("bundle", tmp_path / "x.tar", "--in", "--data-dir", tmp_path)
    refused(result, "x.tar", status=1)


def test_a_checksum_without_in(tmp_path: Path) -> None:
    refused(fogbank("bundle", tmp_path / "x.tar", "--sha256", "0" * 64), "add --in")


def test_weights_are_deleted_and_named(pulled: tuple[str | Path, ...]) -> None:
    asked = fogbank("rm", "big", *pulled, stdin="n\n")
    assert "Delete " in asked.stdout
    assert asked.exit_code == 1
    assert fogbank("rm", "big", "--yes", *pulled).stdout == "Deleted the weights of big.\n"
    again = fogbank("rm", "big", "--yes", *pulled)
    assert again.stdout == "The weights of big are not on this machine.\n"
    refused(fogbank("rm", "own", "--yes", *pulled), "your own folder", status=1)


def test_deleting_what_there_is_not(pulled: tuple[str | Path, ...]) -> None:
    refused(fogbank("rm", "instuct", *pulled), "no model 'instuct'; did you mean 'instruct'?")
    assert "does not serve @cf/test/instruct" in flat(fogbank("rm", "instruct", *pulled).stderr)
