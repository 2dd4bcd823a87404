"""The models of texts on fake engines: what they answer is meaningless, its form is not."""

from collections.abc import Iterator

import pytest

from tests.deployments.esmap.runtimes import Bench, fake_bench


@pytest.fixture(scope="package")
def faked() -> Iterator[Bench]:
    with fake_bench() as (bench, _):
        yield bench
