"""Which wrangler and which Node there are, and what each release needs."""

from pathlib import Path

import pytest
import typer

from fogbank.cli.wrangler import (
    NEWEST_FOR_NODE_20,
    TESTED,
    Node,
    Wrangler,
    arguments_of_dev,
    check_node,
    find_node,
    find_wrangler,
    numbers,
)
from tests.cli.pretended import Box, box, install, write_program
from tests.workers.tools import MODULES, NEWEST, W3, W44, W47, W86, needs_workers


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    """Without a wrangler."""
    made = box(tmp_path)
    monkeypatch.setenv("PATH", f"{made.bin}")
    return made


def found(place: Box) -> Wrangler:
    wrangler = find_wrangler((place.project, *place.project.parents))
    assert wrangler
    return wrangler


def words_of(capsys: pytest.CaptureFixture[str], caught: pytest.ExceptionInfo[typer.Exit]) -> str:
    assert caught.value.exit_code == 2
    return capsys.readouterr().err


def test_in_the_project(place: Box) -> None:
    package = place.wrangler("4.86.0", ">=20.3.0")
    install(place.folder, "4.47.0")
    script = package / "bin" / "wrangler.js"
    assert found(place) == Wrangler("4.86.0", ("node", str(script)), (20, 3, 0))


def test_in_a_folder_above(place: Box) -> None:
    install(place.folder, "3.114.17", ">=16.17.0")
    assert (found(place).release, found(place).node) == ("3.114.17", (16, 17, 0))


def test_a_link_on_the_path_into_a_package(place: Box, tmp_path: Path) -> None:
    package = install(tmp_path / "global", "4.47.0", ">=18.0.0")
    link = place.bin / "wrangler"
    link.symlink_to(package / "bin" / "wrangler.js")
    (package / "bin" / "wrangler.js").chmod(0o755)
    assert found(place) == Wrangler("4.47.0", (str(link),), (18, 0, 0))


@pytest.mark.parametrize(
    "printed", ["4.86.0", " wrangler 4.86.0 (update available 4.164.0)", "\udcff4.86.0"]
)
def test_any_other_program_on_the_path_is_asked(place: Box, printed: str) -> None:
    program = write_program(place.bin / "wrangler", f"#!/bin/sh\necho '{printed}'\n")
    assert found(place) == Wrangler("4.86.0", (str(program),))


def test_a_program_that_does_not_tell(place: Box, capsys: pytest.CaptureFixture[str]) -> None:
    write_program(place.bin / "wrangler", "#!/bin/sh\nexit 1\n")
    with pytest.raises(typer.Exit) as caught:
        found(place)
    assert "does not tell its version" in words_of(capsys, caught)


def test_none(place: Box) -> None:
    assert find_wrangler((place.project,)) is None


def test_half_a_package(place: Box, capsys: pytest.CaptureFixture[str]) -> None:
    (place.wrangler() / "bin" / "wrangler.js").unlink()
    with pytest.raises(typer.Exit) as caught:
        found(place)
    assert "not a whole wrangler. Install it again" in words_of(capsys, caught)


def test_a_package_that_cannot_be_read(place: Box, capsys: pytest.CaptureFixture[str]) -> None:
    (place.wrangler() / "package.json").write_text("{")
    with pytest.raises(typer.Exit) as caught:
        found(place)
    assert "package.json cannot be read" in words_of(capsys, caught)


@pytest.mark.parametrize("release", ["2.21.3", "", "0.0.1"])
def test_a_release_that_cannot_be_pointed_elsewhere(
    place: Box, release: str, capsys: pytest.CaptureFixture[str]
) -> None:
    place.wrangler(release)
    with pytest.raises(typer.Exit) as caught:
        found(place)
    assert f"wrangler {release or 'of an unknown version'} cannot be pointed" in words_of(
        capsys, caught
    )


@pytest.mark.parametrize(
    ("release", "by_proxy", "local", "tested"),
    [
        ("3.50.0", True, False, False),
        ("3.114.17", True, False, True),
        ("4.36.0", True, False, True),
        ("4.37.0", True, True, True),
        ("4.44.0", True, True, True),
        ("4.45.0", False, True, True),
        ("4.164.0", False, True, True),
        ("4.164.1", False, True, False),
        ("5.0.0-beta.1", False, True, False),
        ("0.0.0-4fe2d1a", False, True, False),
    ],
)
def test_what_a_release_needs(release: str, by_proxy: bool, local: bool, tested: bool) -> None:
    wrangler = Wrangler(release, ())
    assert (wrangler.by_proxy, wrangler.needs_local, wrangler.tested) == (by_proxy, local, tested)


@needs_workers
def test_the_releases_that_are_called_tested_are_those_of_the_tests(tmp_path: Path) -> None:
    releases = []
    for tool in (W3, W44, W47, W86, NEWEST):
        modules = tmp_path / tool.folder / "node_modules"
        modules.mkdir(parents=True)
        (modules / "wrangler").symlink_to(MODULES / tool.folder)
        releases.append(find_wrangler([modules.parent]) or Wrangler("", ()))
    assert tuple(wrangler.release for wrangler in releases) == TESTED
    for_20 = [each.release for each in releases if each.node < (21, 0, 0)]
    assert for_20[-1] == NEWEST_FOR_NODE_20


@pytest.mark.parametrize("release", ["3.114.17", "4.86.0"])
def test_arguments_stay_as_they_are_given(release: str) -> None:
    wrangler = Wrangler(release, ())
    local = ["--local"] if wrangler.needs_local else []
    given = ["--port", "0", "src/index.ts", "--var", "A:1"]
    assert arguments_of_dev(wrangler, given) == ["dev", *local, *given]


@pytest.mark.parametrize("given", ["--local", "-l", "--local=true"])
def test_local_is_not_given_twice(given: str) -> None:
    assert arguments_of_dev(Wrangler("4.86.0", ()), [given]) == ["dev", given]


def test_the_node_of_the_path(place: Box) -> None:
    assert find_node() == Node(str(place.bin / "node"), "20.20.2")


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (None, "there is no 'node' on PATH"),
        ("no program", "does not run"),
        ("#!/bin/sh\nexit 1\n", "does not tell its version"),
    ],
)
def test_no_node(
    place: Box, program: str | None, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (place.bin / "node").unlink()
    if program:
        write_program(place.bin / "node", program)
    with pytest.raises(typer.Exit) as caught:
        find_node()
    assert words in words_of(capsys, caught)


@pytest.mark.parametrize(
    ("node", "advice"),
    [("20.20.2", f"wrangler@{NEWEST_FOR_NODE_20}"), ("18.19.0", "first on PATH")],
)
def test_a_node_that_is_too_old(node: str, advice: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrangler = Wrangler("4.164.0", (), (22, 12, 0))
    check_node(wrangler, Node("/bin/node", "22.12.0"))
    with pytest.raises(typer.Exit) as caught:
        check_node(wrangler, Node("/bin/node", node))
    said = words_of(capsys, caught)
    assert f"wrangler 4.164.0 needs Node 22.12 or later; /bin/node is {node}." in said
    assert said.rstrip().endswith(advice)


@pytest.mark.parametrize(
    ("text", "version"),
    [(">=22.12.0", (22, 12, 0)), (">=18", (18, 0, 0)), ("4.0.0-rc.1", (4, 0, 0)), ("", (0, 0, 0))],
)
def test_numbers(text: str, version: tuple[int, int, int]) -> None:
    assert numbers(text) == version
