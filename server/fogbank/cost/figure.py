"""A number that somebody knows more or less well."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

Finite = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Figure(BaseModel):
    """`value` is the best guess; `low` and `high` are what it hardly lies outside of.

    In a file: a number, or a mapping with all three.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: Finite
    low: Finite
    high: Finite

    @model_validator(mode="before")
    @classmethod
    def _a_number_alone(cls, data: Any) -> Any:
        if isinstance(data, int | float) and not isinstance(data, bool):
            return {"value": data, "low": data, "high": data}
        return data

    @model_validator(mode="after")
    def _in_order(self) -> "Figure":
        if not self.low <= self.value <= self.high:
            raise ValueError("low, value and high are not in this order")
        return self

    @property
    def known(self) -> bool:
        """Whether there is nothing to doubt."""
        return self.low == self.high


def number(value: float) -> Figure:
    """A figure without a range."""
    return Figure(value=value, low=value, high=value)


def _share(figure: Any) -> Any:
    made = Figure.model_validate(figure)
    if made.high > 1:
        raise ValueError("a share lies between 0 and 1")
    return made


def _positive(figure: Any) -> Any:
    made = Figure.model_validate(figure)
    if made.low <= 0:
        raise ValueError("must be above 0")
    return made


def _one_or_more(figure: Any) -> Any:
    made = Figure.model_validate(figure)
    if made.low < 1:
        raise ValueError("must be 1 or more")
    return made


Share = Annotated[Figure, BeforeValidator(_share)]
Positive = Annotated[Figure, BeforeValidator(_positive)]
OneOrMore = Annotated[Figure, BeforeValidator(_one_or_more)]
