"""The neurons formula and the rows of models/search."""

from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.catalog.card import Card
from fogbank.cost.price_files import load_prices
from fogbank.cost.prices import ModelPrice, image_cost, price_rows
from fogbank.settings import package_data
from fogbank.tasks import Usage

PRICES = load_prices(package_data()).newest
COUNTS = st.integers(0, 10**9)
USAGES = st.builds(
    Usage, COUNTS, COUNTS, COUNTS, st.floats(0, 1e6, allow_nan=False), st.integers(0, 10**6)
)
COUNTED = [price for price in PRICES.models.values() if price.cost(Usage()) is not None]
PRICED = st.sampled_from(COUNTED)


def model(name: str) -> ModelPrice:
    return PRICES.models[name]


def card(name: str, **given: object) -> Card:
    return Card.model_validate(
        {"name": name, "task": "Text Generation", "input": "text-generation", **given}
    )


@pytest.mark.contract("7")
@pytest.mark.parametrize(
    ("name", "usage", "neurons"),
    [
        ("@cf/meta/llama-3.3-70b-instruct-fp8-fast", Usage(31, 9), 31e-6 * 26668 + 9e-6 * 204805),
        ("@cf/zai-org/glm-5.2", Usage(1000, 10, 400), 0.6e-3 * 127273 + 0.4e-3 * 23636 + 4),
        ("@cf/meta/llama-3.2-1b-instruct", Usage(1000, 0, 400), 2.457),
        ("@cf/baai/bge-base-en-v1.5", Usage(1_000_000), 6058),
        ("@cf/huggingface/distilbert-sst-2-int8", Usage(1_000_000), 2394),
        ("@cf/meta/m2m100-1.2b", Usage(1_000_000, 1_000_000), 62100),
        ("@cf/openai/whisper", Usage(audio_seconds=90), 61.71),
        ("@cf/microsoft/resnet-50", Usage(images=1_000_000), 228055),
    ],
)
def test_neurons_of_a_request(name: str, usage: Usage, neurons: float) -> None:
    assert model(name).cost(usage) == pytest.approx(neurons)


@pytest.mark.contract("7")
def test_the_recorded_price_of_an_image() -> None:
    flux = model("@cf/black-forest-labs/flux-1-schnell")
    cost = image_cost(flux, 1024, 1024, 4)
    assert cost is not None
    assert f"{cost:.2f}" == "172.80"
    assert image_cost(flux, 513, 512, 1) == pytest.approx(2 * (4.8 + 9.6))
    assert image_cost(model("@cf/openai/whisper"), 512, 512, 1) is None


@pytest.mark.parametrize(
    "name",
    [
        "@cf/deepgram/flux",  # by the minute, over a websocket only
        "@cf/deepgram/aura-1",
        "@cf/black-forest-labs/flux-1-schnell",
    ],
)
def test_a_unit_that_is_not_counted_costs_nothing_known(name: str) -> None:
    assert model(name).cost(Usage(1, 1, 1, 1.0, 1)) is None


@given(price=PRICED, one=USAGES, other=USAGES)
def test_neurons_add_up(price: ModelPrice, one: Usage, other: Usage) -> None:
    one, other = (_cached_within(usage) for usage in (one, other))
    both = Usage(
        one.prompt_tokens + other.prompt_tokens,
        one.completion_tokens + other.completion_tokens,
        one.cached_tokens + other.cached_tokens,
        one.audio_seconds + other.audio_seconds,
        one.images + other.images,
    )
    costs = [price.cost(usage) for usage in (one, other, both)]
    assert None not in costs
    first, second, together = (cost or 0.0 for cost in costs)
    assert isclose(together, first + second, rel_tol=1e-9, abs_tol=1e-9)


def _cached_within(usage: Usage) -> Usage:
    cached = min(usage.cached_tokens, usage.prompt_tokens)
    rest = (usage.audio_seconds, usage.images)
    return Usage(usage.prompt_tokens, usage.completion_tokens, cached, *rest)


@given(price=PRICED, usage=USAGES, more=COUNTS)
def test_more_never_costs_less_and_caching_never_more(
    price: ModelPrice, usage: Usage, more: int
) -> None:
    base = price.cost(usage) or 0.0
    tokens = (usage.prompt_tokens, usage.completion_tokens)
    rest = (usage.audio_seconds, usage.images)
    slack = 1e-9 * base
    assert base >= 0
    for larger in (
        Usage(tokens[0] + more, tokens[1], usage.cached_tokens, *rest),
        Usage(tokens[0], tokens[1] + more, usage.cached_tokens, *rest),
        Usage(*tokens, usage.cached_tokens, rest[0] + more, rest[1]),
        Usage(*tokens, usage.cached_tokens, rest[0], rest[1] + more),
        Usage(*tokens, 0, *rest),
    ):
        assert (price.cost(larger) or 0.0) >= base - slack


@pytest.mark.contract("decision 3")
def test_a_card_without_a_price_is_unpriced() -> None:
    assert PRICES.neurons(card("@cf/test/none"), Usage(10, 10)) is None


def test_an_alias_may_have_the_price() -> None:
    priced = card("@cf/test/none", aliases=("@cf/test/other", "@cf/meta/llama-3.2-1b-instruct"))
    assert PRICES.neurons(priced, Usage(1_000_000)) == 2457


@pytest.mark.contract("1.4")
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        (
            "@cf/meta/llama-4-scout-17b-16e-instruct",
            [("per M input tokens", 0.27), ("per M output tokens", 0.85)],
        ),
        ("@cf/baai/bge-small-en-v1.5", [("per M input tokens", 0.02)]),
        ("@cf/microsoft/resnet-50", [("per inference request", 2.51e-06)]),
        ("@cf/openai/whisper", [("per audio minute", 0.0005)]),
    ],
)
def test_rows_of_models_search(name: str, rows: list[tuple[str, float]]) -> None:
    expected = [
        {"unit": unit, "price": pytest.approx(price), "currency": "USD"} for unit, price in rows
    ]
    assert price_rows(model(name)) == expected


def test_dollars() -> None:
    assert PRICES.usd(10_000) == pytest.approx(0.11)
