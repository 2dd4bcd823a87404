"""Requests per minute, in a moving window (contract 8)."""

import pytest

from fogbank.catalog.card import Card
from fogbank.catalog.loader import load_catalog
from fogbank.clock import TurnedClock
from fogbank.runtime import rate_limits
from fogbank.runtime.rate_limits import RateLimits, load_rates
from fogbank.settings import package_data

TEXT = Card(name="@cf/a/b", task="Text Generation", input="x")
OTHER = Card(name="@cf/a/c", task="Text Generation", input="x")
OWN = Card(name="@cf/a/d", task="Text Generation", input="x", requests_per_minute=1)
FREE = Card(name="@cf/a/e", task="Reranking", input="x")


def test_a_moving_window() -> None:
    clock = TurnedClock()
    limits = RateLimits({"Text Generation": 2}, clock)
    assert limits.wait(TEXT, "me") == 0
    clock.turn(20)
    assert limits.wait(OTHER, "me") == 0
    assert limits.wait(TEXT, "me") == 40
    clock.turn(39.5)
    assert limits.wait(TEXT, "me") == 1
    clock.turn(0.5)
    assert limits.wait(TEXT, "me") == 0
    assert limits.wait(TEXT, "me") == 20


def test_everybody_and_every_exception_has_a_window() -> None:
    limits = RateLimits({"Text Generation": 1}, TurnedClock())
    assert limits.wait(TEXT, "me") == 0
    assert limits.wait(TEXT, "you") == 0
    assert limits.wait(OWN, "me") == 0
    assert limits.wait(OWN, "me") == 60
    assert all(limits.wait(FREE, "me") == 0 for _ in range(5))


def test_old_windows_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "MAX_WINDOWS", 3)
    clock = TurnedClock()
    limits = RateLimits({"Text Generation": 5}, clock)
    for name in "abc":
        limits.wait(TEXT, name)
    clock.turn(30)
    limits.wait(TEXT, "c")
    clock.turn(31)
    limits.wait(TEXT, "d")
    assert sorted(who for who, _ in limits._windows) == ["c", "d"]


def test_a_crowd_is_not_counted_again_for_each_newcomer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "MAX_WINDOWS", 3)
    clock = TurnedClock()
    limits = RateLimits({"Text Generation": 5}, clock)
    counted = []
    for number in range(40):
        before = limits._windows
        limits.wait(TEXT, str(number))
        counted += [len(before)] * (limits._windows is not before)
    assert sum(counted) < 80
    clock.turn(61)
    for number in range(40, 120):
        limits.wait(TEXT, str(number))
    assert len(limits._windows) == 80


@pytest.mark.contract("8")
def test_the_packaged_figures() -> None:
    rates = load_rates(package_data(), {"Translation": 7})
    assert (rates["Text Generation"], rates["Text Embeddings"]) == (300, 3000)
    assert rates["Translation"] == 7
    assert rates["Reranking"] == rates["Text Classification"] == 2000


DOCUMENTED = {
    "Automatic Speech Recognition": 720,
    "Image Classification": 3000,
    "Image-to-Text": 720,
    "Object Detection": 3000,
    "Summarization": 1500,
    "Text Classification": 2000,
    "Text Embeddings": 3000,
    "Text Generation": 300,
    "Text-to-Image": 720,
    "Translation": 720,
}


@pytest.mark.contract("8")
@pytest.mark.parametrize("task", DOCUMENTED, ids=DOCUMENTED)
def test_requests_per_minute_of(task: str) -> None:
    assert load_rates(package_data(), {})[task] == DOCUMENTED[task]


@pytest.mark.contract("8")
@pytest.mark.parametrize(
    ("name", "figure"), [("@cf/baai/bge-large-en-v1.5", 1500), ("@cf/microsoft/phi-2", 720)]
)
def test_models_with_a_figure_of_their_own(name: str, figure: int) -> None:
    assert load_catalog(package_data()).cards[name].requests_per_minute == figure
