from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.server import Running, running, settings


@pytest.fixture
async def fogbank(tmp_path: Path) -> AsyncIterator[Running]:
    """A keyless loopback server on fake engines."""
    async with running(settings(tmp_path)) as it:
        yield it
