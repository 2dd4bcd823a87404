from collections.abc import AsyncIterator

import pytest

from tests.browser.premises import premises


@pytest.fixture(scope="module")
async def url(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a keyless server with all deployments, on fake engines."""
    async with premises(tmp_path_factory.mktemp("premises")) as (_, address):
        yield address
