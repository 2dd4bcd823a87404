"""The packaged tables as they are written: fuels, sets of factors, grids, warming potentials."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fogbank.catalog.document import read_document
from fogbank.catalog.expected import explain


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Figure(_Row):
    """A value with its 95 % range; `[value, lower, upper]` and a bare value are short for it."""

    value: float = Field(gt=0)
    lower: float | None = None
    upper: float | None = None
    unit: str | None = None
    source: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        if isinstance(data, int | float):
            return {"value": data}
        if isinstance(data, list):
            return dict(zip(("value", "lower", "upper"), data, strict=True))
        return data

    @model_validator(mode="after")
    def _in_order(self) -> "Figure":
        lower, upper = self.lower, self.upper
        if (lower is None) != (upper is None):
            raise ValueError("a range needs both lower and upper")
        if lower is not None and upper is not None and not 0 <= lower <= self.value <= upper:
            raise ValueError("expected 0 <= lower <= value <= upper")
        return self


class FuelRow(_Row):
    """A fuel: `net_to_gross` is its net calorific value over its gross one."""

    name: str
    aliases: tuple[str, ...] = ()
    biogenic: bool = False
    density: Figure | None = None
    net_to_gross: Figure | None = None


class FuelTable(_Row):
    """emission-factors-fuels.yaml."""

    sources: dict[str, str]
    fuels: tuple[FuelRow, ...]
    ambiguous: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class SetRow(_Row):
    """What a set says of one fuel; `content` is energy by mass or by volume."""

    content: tuple[Figure, ...] = ()
    co2: Figure
    ch4: Figure | None = None
    n2o: Figure | None = None
    nox: Figure | None = None


class SetTable(_Row):
    """A set of factors per energy, as one publication gives it.

    `dates` say since when another source of it is valid, by the source's key.
    """

    name: str
    title: str
    basis: str = Field(pattern="^(ncv|hhv)$")
    region: str
    valid_from: date
    units: dict[str, str]
    content_unit: str
    ranges_from: str | None = None
    sources: dict[str, str]
    dates: dict[str, date] = Field(default_factory=dict)
    fuels: dict[str, SetRow]


class GridRow(_Row):
    """What electricity of a place emits."""

    region: str
    aliases: tuple[str, ...] = ()
    year: int
    valid_from: date
    source: str
    co2: Figure
    ch4: Figure | None = None
    n2o: Figure | None = None


class GridTable(_Row):
    """emission-factors-grid.yaml."""

    regions: tuple[GridRow, ...]


class GwpRow(_Row):
    """kg CO2e for a kg of each gas, over 100 years."""

    ch4: float = Field(gt=0)
    n2o: float = Field(gt=0)
    source: str


class GwpTable(_Row):
    """emission-factors-gwp.yaml."""

    sets: Mapping[str, GwpRow]


Table = TypeVar("Table", bound=BaseModel)


def read_table(kind: type[Table], file: Path) -> Table:
    """A table from its YAML file. Raises ValueError with every mistake and its line."""
    document = read_document(file)
    mistakes = [str(mistake) for mistake in document.mistakes]
    if not mistakes:
        try:
            return kind.model_validate(document.data)
        except ValidationError as error:
            details = error.errors(include_url=False)
            mistakes = [str(document.mistake(*explain(kind, each))) for each in details]
    raise ValueError("\n".join(mistakes))
