"""Contract 1.7: limits and precedence of what a request may ask of its gateway."""

from pathlib import Path
from typing import Any

import pytest

from fogbank.dialects.ai_gateway.options import Options, from_headers, of_step
from tests.server import settings

pytestmark = pytest.mark.contract("1.7")


def read(tmp_path: Path, **headers: str) -> Options:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return from_headers(names, settings(tmp_path))


@pytest.mark.parametrize(
    ("backoff", "seconds"),
    [("constant", [2, 2, 2]), ("linear", [2, 4, 6]), ("exponential", [2, 4, 8])],
)
def test_backoff(tmp_path: Path, backoff: str, seconds: list[float]) -> None:
    options = read(tmp_path, cf_aig_backoff=backoff, cf_aig_retry_delay="2000")
    assert [options.delay(attempt) for attempt in (1, 2, 3)] == seconds


@pytest.mark.parametrize(
    ("header", "value", "field", "kept"),
    [
        ("cf-aig-max-attempts", "99", "max_attempts", 5),
        ("cf-aig-max-attempts", "0", "max_attempts", 1),
        ("cf-aig-retry-delay", "99999", "retry_delay", 5),
        ("cf-aig-retry-delay", "-1", "retry_delay", 0),
        ("cf-aig-request-timeout", "1500", "request_timeout", 1.5),
        ("cf-aig-request-timeout", "0", "request_timeout", None),
        ("cf-aig-cache-ttl", "1", "cache_ttl", 60),
        ("cf-aig-cache-ttl", "99999999", "cache_ttl", 30 * 24 * 3600),
        ("cf-aig-cache-ttl", "0", "cache_ttl", 0),
        ("cf-aig-cache-key", "k", "cache_ttl", 300),
        ("x-cf-aig-cache-ttl", "90", "cache_ttl", 0),
    ],
)
def test_limits(tmp_path: Path, header: str, value: str, field: str, kept: Any) -> None:
    assert getattr(from_headers({header: value}, settings(tmp_path)), field) == kept


def test_the_new_name_of_a_header_wins(tmp_path: Path) -> None:
    assert read(tmp_path, cf_aig_cache_ttl="90", cf_cache_ttl="70").cache_ttl == 90
    assert read(tmp_path, cf_cache_ttl="70", cf_aig_cache_ttl="90").cache_ttl == 90


def test_a_step_wins_over_the_request(tmp_path: Path) -> None:
    asked = read(tmp_path, cf_aig_max_attempts="2", cf_aig_backoff="linear", cf_aig_cache_ttl="90")
    options = of_step(asked, {"maxAttempts": 4, "requestTimeout": 100, "cacheTtl": 0})
    assert (options.max_attempts, options.request_timeout) == (4, 0.1)
    assert (options.backoff, options.cache_ttl) == ("linear", 0)
