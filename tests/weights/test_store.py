from pathlib import Path

import pytest

from fogbank.catalog.weights import FolderWeights, HubWeights, Weights
from fogbank.weights import manifest
from fogbank.weights.errors import WeightsError
from fogbank.weights.store import WeightsStore
from tests.weights.samples import package

HUB = HubWeights(hub="owner/name", revision="a" * 40)


def put(store: WeightsStore, weights: Weights) -> Path:
    """A finished folder for the weights, as a pull leaves it."""
    slug = store.path_for(weights).name
    out = store.partial(slug)
    (out / "sub").mkdir(parents=True)
    (out / "config.json").write_text("{}")
    (out / "sub" / "model.safetensors").write_bytes(b"12345")
    (out / "config.json").chmod(0o600)
    manifest.write(out, store.source(weights), manifest.describe(out))
    return store.install(out, slug)


def test_each_source_has_its_own_place(store: WeightsStore) -> None:
    one, two = package(b"1"), package(b"2")
    weights: list[Weights] = [
        one,
        two,
        one.model_copy(update={"recipe": "minilm-adapter", "adapter": "sentiment"}),
        HUB,
        HUB.model_copy(update={"revision": "b" * 40}),
        HUB.model_copy(update={"allow": ("*.json",)}),
        HUB.model_copy(update={"ignore": ()}),
    ]
    assert len({store.path_for(each) for each in weights}) == len(weights)


def test_weights_are_present_once_complete(store: WeightsStore) -> None:
    assert not store.present(HUB)
    folder = put(store, HUB)
    assert folder == store.path_for(HUB)
    assert store.present(HUB)
    assert [path for path, _ in store.assembled()] == [folder]
    assert not store.partial(folder.name).exists()


def test_everyone_may_read_an_installed_folder(store: WeightsStore) -> None:
    folder = put(store, HUB)
    assert (folder / "config.json").stat().st_mode & 0o777 == 0o644
    assert (folder / "sub").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("harm", ["manifest", "file", "size"])
def test_a_damaged_folder_is_not_present(store: WeightsStore, harm: str) -> None:
    folder = put(store, HUB)
    if harm == "manifest":
        (folder / manifest.NAME).write_text("{")
    elif harm == "file":
        (folder / "config.json").unlink()
    else:
        (folder / "config.json").write_text("{ }")
    assert not store.present(HUB)


def test_the_folder_of_another_source_is_not_taken_for_it(store: WeightsStore) -> None:
    folder = put(store, HUB)
    manifest.write(folder, {"hub": "else/where"}, manifest.describe(folder))
    assert not store.present(HUB)


def test_verify_reads_every_byte(store: WeightsStore) -> None:
    folder = put(store, HUB)
    assert store.verify(HUB) == []
    (folder / "config.json").write_text("[]")
    (folder / "stranger").write_text("")
    (folder / "sub" / "model.safetensors").unlink()
    assert sorted(store.verify(HUB)) == [
        "config.json has another SHA-256 than when it was made",
        "stranger does not belong there",
        "sub/model.safetensors is missing",
    ]


def test_a_manifest_cannot_point_outside(store: WeightsStore) -> None:
    folder = put(store, HUB)
    entries = manifest.describe(folder)
    (store.data_dir / "secret").write_text("{}")
    outside = {"../../secret": entries["config.json"]}
    manifest.write(folder, store.source(HUB), outside)
    assert not store.present(HUB)


def test_remove_takes_the_folder_and_says_how_much(store: WeightsStore) -> None:
    folder = put(store, HUB)
    size = store.size(HUB)
    assert size > 5
    assert store.remove(HUB) == size
    assert not folder.exists()
    assert store.remove(HUB) == 0


def test_the_operators_own_folder_is_never_removed(store: WeightsStore) -> None:
    own = store.models / "mine"
    own.mkdir(parents=True)
    (own / "config.json").write_text("{}")
    weights = FolderWeights(folder="models/mine")
    assert store.path_for(weights) == own
    assert store.present(weights)
    with pytest.raises(WeightsError, match="your own folder"):
        store.remove(weights)
    assert own.exists()


def test_installing_again_replaces_the_folder(store: WeightsStore) -> None:
    folder = put(store, HUB)
    (folder / "stranger").write_text("")
    put(store, HUB)
    assert store.verify(HUB) == []
