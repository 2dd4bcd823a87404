"""What every test shares: asyncio as the one backend, and the engines that this machine has."""

from importlib.util import find_spec

import pytest

pytest_plugins = ["tests.real_server", "tests.postgres", "tests.valkey"]

ENGINES = [name for name in ("torch", "transformers", "vllm") if find_spec(name)]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def pytest_report_header() -> str:
    found = ", ".join(ENGINES) or "none: tests marked `engine` are skipped"
    return f"engines installed: {found}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an extra the core's tests run alone."""
    if "torch" in ENGINES and "transformers" in ENGINES:
        return
    lacking = pytest.mark.skip(reason="needs an extra: cpu, gpu or transformers")
    for item in items:
        if item.get_closest_marker("engine"):
            item.add_marker(lacking)
