"""Options of ESMAP, and where an alert may be sent."""

from typing import Any

import pytest

from fogbank.catalog.mistakes import CatalogError
from fogbank.deployments.description import load_descriptions
from fogbank.deployments.esmap.options import Options
from fogbank.deployments.options import read_options
from fogbank.settings import package_data


def read(**given: Any) -> Options:
    return read_options(Options, given, "esmap")


def test_the_packaged_ones_are_the_usual_ones() -> None:
    packaged = load_descriptions(package_data())["esmap"].options
    assert read(**packaged) == read()


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9000/alert",
        "http://localhost/alert",
        "https://192.168.1.5/x",
        "http://10.1.2.3:80",
        "http://172.31.255.255/",
        "http://[::1]:9000/",
        "http://[fd00::1]/",
    ],
)
def test_local_addresses(url: str) -> None:
    assert read(alert={"webhook": url}).alert.webhook == url


@pytest.mark.parametrize(
    "url",
    [
        "http://8.8.8.8/",
        "http://example.org/",
        "http://localhost.example.org/",
        "http://172.32.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://0.0.0.0/",
        "http://[::ffff:8.8.8.8]/",
        "http://user@127.0.0.1/",
        "ftp://127.0.0.1/",
        "127.0.0.1:9000",
        "http://127.0.0.1:port/",
        "http://[::1/",
        "",
    ],
)
def test_other_addresses_end_the_start(url: str) -> None:
    with pytest.raises(CatalogError) as caught:
        read(alert={"webhook": url})
    assert "esmap.yaml: options.alert: webhook" in str(caught.value)
    assert "is not local: expected http://HOST:PORT/PATH" in str(caught.value)


@pytest.mark.parametrize("name", ["cache_ttl", "metrics_window", "retention_days"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), 1e12])
def test_spans_that_reach_beyond_the_calendar(name: str, value: float) -> None:
    with pytest.raises(CatalogError, match=f"options.{name}"):
        read(**{name: value})


def test_every_mistake_is_told() -> None:
    with pytest.raises(CatalogError) as caught:
        read(cache_tl=5, batch_limit=0, alert={"threshold": 2})
    told = str(caught.value)
    assert "options.cache_tl: unknown key; did you mean 'cache_ttl'?" in told
    assert "options.batch_limit:" in told
    assert "options.alert.threshold:" in told
