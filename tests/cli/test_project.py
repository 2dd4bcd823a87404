"""Where a Worker's project is, by wrangler's arguments."""

from pathlib import Path

import pytest
import typer

from fogbank.cli.project import CONFIGS, find_project, value_of


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, which is no project."""
    folder = tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize("config", CONFIGS)
def test_the_nearest_config_upwards(here: Path, config: str) -> None:
    touch(here.parents[1] / "wrangler.toml")
    touch(here.parent / config)
    found = find_project(["--port", "1"])
    assert (found.folder, found.start) == (here.parent, here)


@pytest.mark.parametrize(
    "arguments", [["-c", "../c/w.toml"], ["--config=../c/w.toml"], ["--config", "../c/w.toml"]]
)
def test_a_config_that_is_named(here: Path, arguments: list[str]) -> None:
    touch(here / "wrangler.toml")
    touch(here.parent / "c" / "w.toml")
    assert find_project(arguments).folder.resolve() == here.parent / "c"


def test_a_working_folder_that_is_named(here: Path) -> None:
    touch(here / "wrangler.toml")
    touch(here / "deep" / "conf" / "w.jsonc")
    found = find_project(["--cwd", "deep", "--config", "conf/w.jsonc"])
    assert (found.folder, found.start) == (here / "deep" / "conf", here / "deep")


def test_a_script_that_is_named(here: Path) -> None:
    touch(here / "packages" / "one" / "wrangler.jsonc")
    script = touch(here / "packages" / "one" / "src" / "index.ts")
    found = find_project(["--port", "1", str(script.relative_to(here))])
    assert (found.folder, found.start) == (here / "packages" / "one", here)


def test_packages_are_looked_for_from_the_config_up_then_from_the_working_folder(
    here: Path,
) -> None:
    touch(here / "x" / "wrangler.toml")
    looked = list(find_project(["-c", "x/wrangler.toml"]).ancestors)
    assert looked[:3] == [here / "x", here, here.parent]
    assert looked.index(here, 2) > looked.index(Path("/"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no wrangler.toml, wrangler.json or wrangler.jsonc in"),
        (["-c", "gone.toml"], "gone.toml, which --config names"),
        (["--cwd", "gone"], "gone, which --cwd names"),
    ],
)
def test_no_project(
    here: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught:
        find_project(arguments)
    assert caught.value.exit_code == 2
    assert words in capsys.readouterr().err


def test_values_of_options() -> None:
    given = ["--port", "1", "-c=x", "--config", "y", "--cwd"]
    assert value_of(given, "--port") == "1"
    assert value_of(given, "--config", "-c") == "x"
    assert value_of(given, "--cwd") is None
    assert value_of(given, "--env") is None
