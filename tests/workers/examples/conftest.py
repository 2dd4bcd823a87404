"""A Fogbank for the examples of a module."""

from collections.abc import AsyncIterator

import pytest

from tests.workers.catalogue_server import CatalogueServer, catalogue_server


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[CatalogueServer]:
    async with catalogue_server(tmp_path_factory.mktemp("fogbank")) as found:
        yield found
