from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.deployments.esmap.registry.scale import GATES, Gate
from tests.deployments.esmap.registry.world import Place, World, world
from tests.postgres import Postgres


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres) -> str:
    """One database for all tests: making one for each takes longer than most of them."""
    return postgres.database()


@pytest.fixture
def database(shared_database: str) -> str:
    """The URL of that database, emptied."""
    import psycopg

    with psycopg.connect(shared_database) as connection:
        connection.execute("drop schema public cascade")
        connection.execute("create schema public")
    return shared_database


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place, in a file and in PostgreSQL."""
    if request.param == "sqlite":
        return Place(tmp_path)
    url: str = request.getfixturevalue("database")
    return Place(tmp_path, url)


@pytest.fixture
async def esmap(place: Place) -> AsyncIterator[World]:
    """A running server there."""
    async with world(place) as running:
        yield running


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Where versions with `gate` wait."""
    yield GATES.setdefault("here", Gate())
    GATES.clear()
