"""The fine-tunes of a data directory."""

import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fogbank.clock import TurnedClock
from fogbank.storage.adapter_config import CONFIG, AdapterError
from fogbank.storage.adapter_weights import WEIGHTS
from fogbank.storage.finetunes import (
    FORGOTTEN,
    INCOMING,
    ORDERS,
    Finetune,
    FinetuneError,
    FinetuneStore,
)
from tests import adapters

pytestmark = [pytest.mark.anyio, pytest.mark.contract("5.3")]

MODEL = "@cf/test/instruct"
ME, YOU = "a" * 32, "b" * 32


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
async def store(
    tmp_path: Path, clock: TurnedClock, anyio_backend: str
) -> AsyncIterator[FinetuneStore]:
    made = FinetuneStore(tmp_path, clock, limit=3)
    await made.start()
    yield made
    await made.stop()


def put(store: FinetuneStore, finetune: Finetune, asset: str, data: bytes) -> None:
    place = store.incoming()
    place.write_bytes(data)
    store.receive(finetune, asset, place)


def fill(store: FinetuneStore, finetune: Finetune) -> Finetune:
    put(store, finetune, CONFIG, adapters.config())
    put(store, finetune, WEIGHTS, adapters.safetensors(adapters.small()))
    found = store.own(finetune.account, finetune.id)
    assert found is not None
    return found


async def test_a_new_one_has_no_files(store: FinetuneStore, clock: TurnedClock) -> None:
    made = store.create(ME, "mine", MODEL, description="of mine")
    assert (made.name, made.model, made.description, made.public) == (
        "mine",
        MODEL,
        "of mine",
        False,
    )
    assert made.created_at == made.modified_at == "2026-11-21T00:00:00.000Z"
    assert not made.complete
    assert store.all(ME) == [made]
    assert store.all(YOU) == []


async def test_both_files_make_it_complete(store: FinetuneStore, clock: TurnedClock) -> None:
    made = store.create(ME, "mine", MODEL)
    clock.turn(60)
    put(store, made, WEIGHTS, adapters.safetensors(adapters.small()))
    half = store.own(ME, "mine")
    assert half is not None
    assert (half.weights, half.config, half.complete) == (True, False, False)
    put(store, made, CONFIG, adapters.config())
    whole = store.own(ME, "mine")
    assert whole is not None
    assert whole.complete
    assert whole.modified_at == "2026-11-21T00:01:00.000Z"
    folder = store.lend(whole)
    assert sorted(os.listdir(folder)) == [CONFIG, WEIGHTS]
    assert b"/etc" not in (folder / CONFIG).read_bytes()
    assert os.listdir(store.folder) == [made.id]


async def test_a_file_that_is_refused_leaves_nothing_and_may_come_again(
    store: FinetuneStore,
) -> None:
    made = store.create(ME, "mine", MODEL)
    put(store, made, CONFIG, adapters.config(r=8))
    with pytest.raises(AdapterError, match="rank 4, but 'r'"):
        put(store, made, WEIGHTS, adapters.safetensors(adapters.small()))
    assert os.listdir(store.folder / made.id) == [CONFIG]
    put(store, made, CONFIG, adapters.config())
    put(store, made, WEIGHTS, adapters.safetensors(adapters.small()))
    assert store.own(ME, made.id) is not None


async def test_what_is_complete_does_not_change(store: FinetuneStore) -> None:
    made = fill(store, store.create(ME, "mine", MODEL))
    with pytest.raises(FinetuneError, match="has both files already"):
        put(store, made, CONFIG, adapters.config())


async def test_of_two_uploads_at_once_one_wins(store: FinetuneStore) -> None:
    made = store.create(ME, "mine", MODEL)
    put(store, made, CONFIG, adapters.config())
    errors: list[Exception] = []

    def upload() -> None:
        try:
            put(store, made, WEIGHTS, adapters.safetensors(adapters.small()))
        except FinetuneError as error:
            errors.append(error)

    threads = [threading.Thread(target=upload) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) == 3


async def test_another_file_name(store: FinetuneStore) -> None:
    with pytest.raises(AdapterError, match="'file_name' must be"):
        put(store, store.create(ME, "mine", MODEL), "../../evil", b"{}")


async def test_names_and_ids_of_the_own_account_come_before_public_ones(
    store: FinetuneStore,
) -> None:
    theirs = store.create(YOU, "shared", MODEL, public=True)
    hidden = store.create(YOU, "hidden", MODEL)
    assert store.usable(ME, "shared") == theirs
    assert store.usable(ME, theirs.id) == theirs
    assert store.own(ME, "shared") is None
    assert store.usable(ME, "hidden") is None
    assert store.usable(ME, hidden.id) is None
    mine = store.create(ME, "shared", MODEL)
    assert store.usable(ME, "shared") == mine
    assert store.usable(ME, theirs.id) == theirs


async def test_a_name_is_taken_once_an_account(store: FinetuneStore) -> None:
    store.create(ME, "mine", MODEL)
    store.create(YOU, "mine", MODEL)
    with pytest.raises(FinetuneError, match="named 'mine' already"):
        store.create(ME, "mine", MODEL)


async def test_an_account_has_so_many(store: FinetuneStore) -> None:
    for number in range(3):
        store.create(ME, f"n{number}", MODEL)
    with pytest.raises(FinetuneError, match="has 3 fine-tunes, which is the limit"):
        store.create(ME, "n3", MODEL)
    store.create(YOU, "n3", MODEL)


async def test_a_number_is_never_used_again(store: FinetuneStore) -> None:
    first = store.create(ME, "mine", MODEL)
    store.delete(first)
    assert store.own(ME, "mine") is None
    assert store.create(ME, "mine", MODEL).number > first.number


async def test_deleted_files_stay_while_an_engine_may_read_them(
    store: FinetuneStore, tmp_path: Path
) -> None:
    idle, used = (fill(store, store.create(ME, name, MODEL)) for name in ("idle", "used"))
    folder = store.lend(used)
    store.delete(idle)
    store.delete(used)
    assert not (store.folder / idle.id).exists()
    assert sorted(os.listdir(folder)) == [CONFIG, WEIGHTS]
    with pytest.raises(FinetuneError, match="deleted meanwhile"):
        put(store, used, CONFIG, adapters.config())
    other = FinetuneStore(tmp_path)
    await other.start()
    assert not folder.exists()
    await other.stop()


async def test_what_was_deleted_goes_with_the_store(tmp_path: Path) -> None:
    store = FinetuneStore(tmp_path)
    made = fill(store, store.create(ME, "mine", MODEL))
    folder = store.lend(made)
    store.delete(made)
    await store.stop()
    assert not folder.exists()


async def test_the_start_sweeps_forgotten_uploads(store: FinetuneStore, tmp_path: Path) -> None:
    old, new = store.incoming(), store.incoming()
    os.utime(old, (0, os.stat(new).st_mtime - FORGOTTEN - 60))
    made = fill(store, store.create(ME, "mine", MODEL))
    other = FinetuneStore(tmp_path)
    await other.start()
    await other.stop()
    assert sorted(os.listdir(store.folder)) == sorted([new.name, made.id])
    assert new.name.startswith(INCOMING)


@pytest.mark.parametrize("order", sorted(ORDERS))
async def test_public_ones_in_order_and_in_parts(store: FinetuneStore, order: str) -> None:
    made = [store.create(YOU, name, MODEL, public=True) for name in ("b", "a", "c")]
    store.create(ME, "private", MODEL)
    listed = store.public(10, 0, order)
    assert listed == sorted(made, key=lambda one: (getattr(one, order), one.number))
    assert store.public(1, 1, order) == listed[1:2]
    assert store.public(5, 3, order) == []
