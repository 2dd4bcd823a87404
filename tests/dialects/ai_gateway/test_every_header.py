"""Every header and every entry of a step's config, row by row (contract 1.7).

Their limits are in test_options.
"""

from pathlib import Path
from typing import Any

import pytest

from fogbank.dialects.ai_gateway.options import Options, from_headers, of_step
from fogbank.errors import AIError
from tests.server import settings

pytestmark = pytest.mark.contract("1.7")
HEADERS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "cf-aig-cache-ttl": [
        ("300", {"cache_ttl": 300, "cache_asked": True}),
        ("0", {"cache_ttl": 0, "cache_asked": False}),
    ],
    "cf-cache-ttl": [("300", {"cache_ttl": 300, "cache_asked": True})],
    "cf-aig-skip-cache": [("true", {"skip_cache": True}), ("false", {"skip_cache": False})],
    "cf-skip-cache": [("true", {"skip_cache": True})],
    "cf-aig-cache-key": [("k", {"cache_key": "k", "cache_asked": True, "cache_ttl": 300})],
    "cf-aig-collect-log": [("false", {"collect_log": False}), ("true", {"collect_log": True})],
    "cf-aig-metadata": [
        ('{"a":1,"b":"x","c":true}', {"metadata": {"a": 1, "b": "x", "c": True}}),
        (
            '{"1":1,"2":2,"3":3,"4":4,"5":5,"6":6}',
            {"metadata": {str(number): number for number in range(1, 6)}},
        ),
    ],
    "cf-aig-custom-cost": [('{"total_cost": 1}', {"custom_cost": {"total_cost": 1}})],
    "cf-aig-event-id": [("e", {"event_id": "e"})],
    "cf-aig-request-timeout": [("1500", {"request_timeout": 1.5}), ("0", {})],
    "cf-aig-max-attempts": [
        ("3", {"max_attempts": 3}),
    ],
    "cf-aig-retry-delay": [("250", {"retry_delay": 0.25})],
    "cf-aig-backoff": [(name, {"backoff": name}) for name in ("constant", "linear", "exponential")],
}
HARMLESS = [
    "cf-aig-byok-alias",
    "cf-aig-zdr",
    "cf-aig-no-wholesale",
    "cf-aig-session-id",
    "cf-aig-turn-id",
    "cf-aig-no-session-affinity",
    "cf-aig-dlp",
]
"""They speak of other providers, or of more than one server: taken, and without effect here."""
CONFIG: dict[str, tuple[Any, dict[str, Any]]] = {
    "requestTimeout": (1500, {"request_timeout": 1.5}),
    "maxAttempts": (4, {"max_attempts": 4}),
    "retryDelay": (100, {"retry_delay": 0.1}),
    "backoff": ("linear", {"backoff": "linear"}),
    "cacheTtl": (60, {"cache_ttl": 60, "cache_asked": True}),
    "skipCache": (True, {"skip_cache": True}),
}


@pytest.mark.parametrize("name", HEADERS, ids=HEADERS)
def test_the_header(name: str, tmp_path: Path) -> None:
    for value, expected in HEADERS[name]:
        assert from_headers({name: value}, settings(tmp_path)) == Options(**expected), value


@pytest.mark.parametrize("name", HARMLESS)
def test_headers_without_effect_here(name: str, tmp_path: Path) -> None:
    assert from_headers({name: "x"}, settings(tmp_path)) == Options()


@pytest.mark.parametrize("name", CONFIG, ids=CONFIG)
def test_the_config_of_a_step(name: str) -> None:
    value, expected = CONFIG[name]
    assert of_step(Options(), {name: value}) == Options(**expected)


def test_the_step_then_the_header_then_the_gateway(tmp_path: Path) -> None:
    config = settings(tmp_path, gateway_cache_ttl=90)
    assert from_headers({}, config).cache_ttl == 90
    by_header = from_headers({"cf-aig-cache-ttl": "120", "cf-aig-max-attempts": "2"}, config)
    assert by_header.cache_ttl == 120
    by_step = of_step(by_header, {"cacheTtl": 180})
    assert (by_step.cache_ttl, by_step.max_attempts) == (180, 2)


@pytest.mark.parametrize(
    "name", ["cf-aig-request-timeout", "cf-aig-max-attempts", "cf-aig-retry-delay"]
)
def test_a_number_that_is_none(name: str, tmp_path: Path) -> None:
    with pytest.raises(AIError, match="must be a number"):
        from_headers({name: "soon"}, settings(tmp_path))
