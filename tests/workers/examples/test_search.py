"""examples/search: similarity and the reranker."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from fogbank.engines.base import EngineRefused
from tests.workers.catalogue_server import CatalogueServer
from tests.workers.example_workers import example
from tests.workers.tools import needs_workers

pytestmark = [pytest.mark.anyio, pytest.mark.clients, needs_workers]


@pytest.fixture(scope="module")
async def search(
    server: CatalogueServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx2.AsyncClient]:
    async with example("search", server.url, tmp_path_factory.mktemp("search")) as client:
        yield client


async def test_search(search: httpx2.AsyncClient, server: CatalogueServer) -> None:
    """The fake engine's vectors are equal for equal texts and unrelated otherwise."""
    sentence = "Gift cards can be bought for any amount and never expire."
    for _ in range(2):
        found = (await search.get("/", params={"q": sentence})).json()
        assert found["query"] == sentence
        first, *others = found["results"]
        assert first == {"text": sentence, "score": pytest.approx(1)}
        assert len(others) == 2
        assert all(-1 <= other["score"] < 0.9 for other in others)
    embedded = server.fogbank.builder.built["embed"][-1].requests
    assert [len(request.texts) for request in embedded] == [12, 1, 1]  # type: ignore[union-attr]


async def test_search_with_the_reranker(search: httpx2.AsyncClient) -> None:
    """The fake engine's relevance is the share of the query's words."""
    query = "Gift cards can be bought for any amount and never expire."
    found = (await search.get("/", params={"q": query, "rerank": "1"})).json()["results"]
    assert (found[0]["text"], found[0]["score"]) == (query, 1)
    assert [item["score"] for item in found] == sorted((i["score"] for i in found), reverse=True)
    assert len(found) == 3


async def test_search_refuses(search: httpx2.AsyncClient, server: CatalogueServer) -> None:
    assert (await search.get("/")).status_code == 400
    assert (await search.get("/", params={"q": "x" * 501})).status_code == 400
    assert (await search.get("/elsewhere")).status_code == 404
    embedding = server.fogbank.builder.built["embed"][-1]
    embedding.fail_next(EngineRefused("it will not"))
    answer = await search.get("/", params={"q": "gift cards"})
    assert answer.status_code == 502
    assert "it will not" in answer.json()["error"]
