import asyncio
from pathlib import Path

import pytest

from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.service import packaged_file
from fogbank.deployments.esmap.topics import Logistic, Signal, Topics, may_be
from fogbank.errors import AIError
from fogbank.tasks import TextEmbeddingsRequest
from tests.deployments.esmap.runtimes import fake_runtime

pytestmark = pytest.mark.anyio

EMBEDDINGS = "@cf/baai/bge-small-en-v1.5"
FILE = """
decision: {bias: -1, terms: 2, similarity: 0, threshold: 0.5}
topics:
  grid: {terms: [grid, substation], generic: [law], examples: [The grid is stable.]}
  wind: {terms: [turbine], examples: [The turbine turns.]}
background: [The cat sleeps., The dog barks., Bread is baked.]
"""


def topics(folder: Path, text: str = FILE) -> Topics:
    path = folder / "topics.yaml"
    path.write_text(text, encoding="utf-8")
    return Topics(path, EMBEDDINGS)


async def test_terms_count_and_generic_ones_only_beside_another_topics(tmp_path: Path) -> None:
    found = topics(tmp_path)
    texts = ["A law.", "A law on turbines.", "Grid, grids, substations, a law", "Bread."]
    async with fake_runtime(("minilm",)) as (runtime, _):
        signals = await found.signals(texts, Call(runtime=runtime, deadline=9))
    assert [each["grid"].terms for each in signals] == [0, 1, 3, 0]
    assert [each["wind"].terms for each in signals] == [0, 1, 0, 0]
    assert found.chosen(signals[3:]) == []
    assert found.chosen(signals) == ["grid", "wind"]


async def test_an_example_is_nearest_to_itself(tmp_path: Path) -> None:
    found = topics(tmp_path)
    async with fake_runtime(("minilm",)) as (runtime, _):
        (signals,) = await found.signals(["The grid is stable."], Call(runtime=runtime, deadline=9))
    assert signals["grid"].similarity > signals["wind"].similarity


async def test_what_is_compared_with_is_computed_once_for_all(tmp_path: Path) -> None:
    one, other = topics(tmp_path), topics(tmp_path)
    async with fake_runtime(("minilm",)) as (runtime, fakes):
        fake = fakes["minilm"]
        call = Call(runtime=runtime, deadline=9)
        await asyncio.gather(*(each.signals(["a"], call) for each in (one, other) * 20))
        asked = [r for r in fake.requests if isinstance(r, TextEmbeddingsRequest)]
    assert sum(len(request.texts) > 1 for request in asked) == 1
    assert len(asked) == 41


async def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    found = topics(tmp_path)
    async with fake_runtime(("minilm",)) as (runtime, fakes):
        fake = fakes["minilm"]
        call = Call(runtime=runtime, deadline=9)
        fake.fail_next(RuntimeError("out of memory"))
        with pytest.raises((AIError, RuntimeError)):
            await found.signals(["a"], call)
        assert len(await found.signals(["a"], call)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "topics: [",
        FILE.replace("bias: -1", "bias: low"),
        "topics: {a: {terms: [x], examples: [y]}}",
        FILE.replace("[The turbine turns.]", "[]"),
        FILE.replace("The cat sleeps., The dog barks., ", ""),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"topics\.yaml|low"):
        topics(tmp_path, text)


@pytest.mark.parametrize("name", ["climate-topics.yaml", "energy-categories.yaml"])
def test_the_packaged_files(name: str) -> None:
    found = Topics(packaged_file(name), EMBEDDINGS)
    assert len(found.names) == len(set(found.names)) >= 6
    assert 0 < found.threshold < 1


def test_a_topic_without_a_term_must_be_the_nearest() -> None:
    signals = {"a": Signal(0, 7.0), "b": Signal(0, 6.0), "c": Signal(1, 1.0)}
    assert [name for name in signals if may_be(name, signals)] == ["a", "c"]


def test_logistic() -> None:
    logistic = Logistic(-1.0, 2.0, 0.5)
    assert logistic(Signal(0, 2.0)) == 0.5
    assert logistic(Signal(3, 1e9)) == pytest.approx(1.0)
    assert logistic(Signal(0, -1e9)) == pytest.approx(0.0)
