"""Cloudflare's price table of one date, and what a request costs by it (contract section 7).

Neurons are what is billed; the dollars beside them are Cloudflare's display, rounded from them.
A model or a unit without a price costs None, never 0: "unpriced" is not "free".
"""

from collections.abc import Iterable
from datetime import date
from math import ceil
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fogbank.catalog.card import Card
from fogbank.tasks import Usage

TILE = 512
_MILLION = 1_000_000

Unit = Literal[
    "M tokens",
    "M images",
    "audio minute",
    "1k characters",
    "tile and step",
    "tile per step",
    "tile",
    "megapixel",
]
Rate = Annotated[float, Field(gt=0, allow_inf_nan=False)]

_DISPLAYED: dict[Unit, dict[str, str]] = {
    "M tokens": {
        "input": "per M input tokens",
        "output": "per M output tokens",
        "cached_input": "per M cached input tokens",
    },
    "M images": {"input": "per inference request"},
    "audio minute": {"input": "per audio minute", "websocket": "per audio minute (websocket)"},
    "1k characters": {"input": "per 1k characters"},
    "tile and step": {"tile": "per 512 by 512 tile", "step": "per step"},
    "tile per step": {
        "input_tile_step": "per input 512 by 512 tile, per step",
        "output_tile_step": "per output 512 by 512 tile, per step",
    },
    "tile": {
        "input_tile": "per input 512 by 512 tile",
        "output_tile": "per output 512 by 512 tile",
    },
    "megapixel": {
        "first_mp": "per first megapixel",
        "subsequent_mp": "per subsequent megapixel",
        "input_mp": "per input megapixel",
    },
}
"""The rates that a unit can have, and how models/search words them."""


class ModelPrice(BaseModel):
    """One row. `neurons` and `usd` hold the same rates, each for one `unit`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    task: str
    unit: Unit
    neurons: dict[str, Rate] = Field(min_length=1, description="Neurons per unit, by rate.")
    usd: dict[str, Rate] = Field(description="Dollars per unit as Cloudflare displays them.")
    assumed: bool = Field(False, description="Not in Cloudflare's table; `note` says whence.")
    note: str = ""

    @model_validator(mode="after")
    def _rates_of_the_unit(self) -> "ModelPrice":
        known = _DISPLAYED[self.unit]
        for name in self.neurons:
            if name not in known:
                raise ValueError(f"{name!r} is no rate of {self.unit!r}; it has {', '.join(known)}")
        if self.neurons.keys() != self.usd.keys():
            raise ValueError("neurons and usd have different rates")
        return self

    def cost(self, usage: Usage) -> float | None:
        """Neurons of this usage; None where its unit is one that `Usage` does not count.

        Tokens: (prompt - cached) * input + cached * cached_input + completion * output, each per
        million; without a rate for cached tokens they cost what others do, and without an output
        rate (embeddings, classification) the output is free.
        """
        rates = self.neurons
        if "input" not in rates:
            return None
        if self.unit == "M tokens":
            cached = min(usage.cached_tokens, usage.prompt_tokens)
            total = (usage.prompt_tokens - cached) * rates["input"]
            total += cached * rates.get("cached_input", rates["input"])
            total += usage.completion_tokens * rates.get("output", 0.0)
            return total / _MILLION
        if self.unit == "audio minute":
            return usage.audio_seconds / 60 * rates["input"]
        if self.unit == "M images":
            return usage.images * rates["input"] / _MILLION
        return None


def image_cost(price: ModelPrice, width: int, height: int, steps: int) -> float | None:
    """Neurons of one made image, sides in pixels; None unless it is priced by tile and step.

    The price of a step counts for every tile: 1024 x 1024 in 4 steps is 4 * (tile + 4 * step).
    """
    if price.unit != "tile and step":
        return None
    tiles = ceil(width / TILE) * ceil(height / TILE)
    return tiles * (price.neurons["tile"] + steps * price.neurons["step"])


def price_rows(price: ModelPrice) -> list[dict[str, Any]]:
    """`[{unit, price, currency}]`, the property `price` of models/search (contract 1.4)."""
    per = _MILLION if price.unit == "M images" else 1
    return [
        {"unit": _DISPLAYED[price.unit][rate], "price": usd / per, "currency": "USD"}
        for rate, usd in price.usd.items()
    ]


class PriceTable(BaseModel):
    """Every price of one date. `models` maps a model's full name to its row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    date: date
    sources: tuple[str, ...] = Field(min_length=1)
    usd_per_1000_neurons: Rate
    free_neurons_per_day: float = Field(ge=0, description="Until 00:00 UTC.")
    models: dict[str, ModelPrice]

    def price(self, card: Card) -> ModelPrice | None:
        """The row of a card's name, else that of its first alias that has one."""
        named = (self.models.get(name) for name in (card.name, *card.aliases))
        return next((price for price in named if price is not None), None)

    def neurons(self, card: Card, usage: Usage) -> float | None:
        """What this usage costs; None for a model without a price."""
        price = self.price(card)
        return None if price is None else price.cost(usage)

    def rows(self, card: Card) -> list[dict[str, Any]]:
        """`price_rows` of a card, none where it has no price."""
        price = self.price(card)
        return [] if price is None else price_rows(price)

    def usd(self, neurons: float) -> float:
        """Dollars for that many neurons, none of them free."""
        return neurons * self.usd_per_1000_neurons / 1000


class PriceBook:
    """The tables of several dates side by side."""

    def __init__(self, tables: Iterable[PriceTable]) -> None:
        self.tables = {table.date: table for table in sorted(tables, key=lambda table: table.date)}

    @property
    def newest(self) -> PriceTable:
        """The table that is used unless a date is asked for; its `date` says which it is."""
        return self.tables[max(self.tables)]

    def of(self, asked: date) -> PriceTable:
        """The table of that date. Raises LookupError, which names those there are."""
        try:
            return self.tables[asked]
        except KeyError:
            there = ", ".join(map(str, self.tables))
            raise LookupError(f"no price table of {asked}; there are: {there}") from None


assert set(_DISPLAYED) == set(get_args(Unit))
