"""Which engine may serve which task (catalog/check.py)."""

import pytest

from tests.catalog.conftest import CARD, PROFILE, Folders

REMOTE = "remote\n    options: {url: 'http://127.0.0.1:1/v1', model: m}"


def write(folders: Folders, card: str, engine: str, kind: str = "fake", more: str = "") -> None:
    folders.write("package/models/alpha.yaml", CARD.replace("Text Generation", card))
    text = PROFILE.replace("engine: fake", f"engine: {kind}\n    task: {engine}")
    folders.write("package/profiles/small.yaml", text + more)


@pytest.mark.parametrize("task", ["Reranking", "Summarization"])
def test_embeddings_stand_in_for_ranking_and_summaries(folders: Folders, task: str) -> None:
    write(folders, task, "Text Embeddings", more="    stands_in: similarity\n")
    (served,) = folders.load().profiles["small"].models.values()
    assert served.stands_in == "similarity"


@pytest.mark.parametrize("task", ["Reranking", "Summarization"])
def test_a_stand_in_says_what_it_is(folders: Folders, task: str) -> None:
    write(folders, task, "Text Embeddings")
    mistake = folders.only_mistake()
    assert "models.@cf/test/alpha.stands_in: an engine for Text Embeddings can only" in mistake


@pytest.mark.parametrize(
    ("card", "engine", "kind"),
    [
        ("Translation", "Text Embeddings", "fake"),
        ("Text Embeddings", "Reranking", "fake"),
        ("Reranking", "Text Classification", "fake"),
        ("Summarization", "Text Embeddings", REMOTE),
    ],
)
def test_what_an_engine_cannot_do(folders: Folders, card: str, engine: str, kind: str) -> None:
    write(folders, card, engine, kind, more="    stands_in: something\n")
    assert f"the model's task is {card}, the engine's is {engine}" in folders.only_mistake()
