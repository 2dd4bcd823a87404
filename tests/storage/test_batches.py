"""Batches on the disk."""

import sqlite3
from pathlib import Path

import pytest

from fogbank.storage.batches import Batch, BatchStore, Outcome


@pytest.fixture
def store(tmp_path: Path) -> BatchStore:
    return BatchStore(tmp_path / "fogbank.db")


def batch(name: str, total: int = 2) -> Batch:
    return Batch(name, "@cf/a/b", "0" * 32, None, total, 0, None)


def test_from_inputs_to_outcomes(store: BatchStore, tmp_path: Path) -> None:
    store.add(batch("one"), [b"{1}", b"{2}"], 100)
    store.add(batch("two", 1), [b"{3}"], 99)
    assert store.next_input("one", -1) == (0, b"{1}")
    assert store.next_input("one", 0) == (1, b"{2}")
    assert store.next_input("one", 1) is None
    first = Outcome(b"[1]", 3, 4, 1, 0.5)
    store.finish_item("one", 0, first, 101)
    found = store.get("one")
    assert found
    assert (found.done, found.total, found.finished_at, found.size) == (1, 2, None, 3)
    assert store.next_input("one", -1) == (1, b"{2}")
    store.finish_item("one", 1, Outcome(b"[2]"), 102)
    store.close()
    again = BatchStore(tmp_path / "fogbank.db")
    found = again.get("one")
    assert found
    assert (found.done, found.finished_at) == (2, 102)
    assert again.outcomes("one") == [first, Outcome(b"[2]", 0, 0, 0, None)]
    assert again.adopt(lambda model: model != "@cf/a/b") == []
    assert again.adopt(lambda model: True) == ["two"]
    again.close()


def test_a_batch_has_one_server(tmp_path: Path) -> None:
    first, second = (BatchStore(tmp_path / "fogbank.db") for _ in range(2))
    first.add(batch("younger"), [b"{1}", b"{2}"], 2)
    first.add(batch("older"), [b"{1}", b"{2}"], 1)
    assert second.adopt(lambda model: True) == []
    assert first.adopt(lambda model: True) == ["older", "younger"]
    first._lock.close()  # as a killed process does
    assert second.adopt(lambda model: True) == ["older", "younger"]
    third = BatchStore(tmp_path / "fogbank.db")
    assert third.adopt(lambda model: True) == []
    for each in (first, second):
        each.close()
    assert third.adopt(lambda model: True) == ["older", "younger"]
    third.close()
    assert list((tmp_path / "batches").iterdir()) == []


def test_only_old_results_are_forgotten(store: BatchStore, tmp_path: Path) -> None:
    for name, at in (("old", 10), ("new", 20)):
        store.add(batch(name, 1), [b"{}"], 1)
        store.finish_item(name, 0, Outcome(b"[]"), at)
    store.add(batch("waiting", 1), [b"{}"], 1)
    store.forget(10)
    assert store.get("old") is None
    assert store.outcomes("old") == []
    assert store.get("new")
    assert store.get("waiting")
    assert store.get("nothing") is None
    store.close()


def test_all_or_nothing(store: BatchStore) -> None:
    store.add(batch("one"), [b"{1}", b"{2}"], 1)
    with pytest.raises(sqlite3.IntegrityError):
        store.add(batch("one"), [b"{3}"], 2)
    assert store.next_input("one", -1) == (0, b"{1}")
    with pytest.raises(sqlite3.Error):
        store.finish_item("one", 0, Outcome(object()), 2)  # type: ignore[arg-type]
    found = store.get("one")
    assert found
    assert (found.done, found.finished_at) == (0, None)
    store.close()
