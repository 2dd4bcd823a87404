"""Own hardware as data: what it costs to have, to feed, to house and to look after.

`<package data>/hardware/NAME.yaml` are samples, `<data dir>/hardware/NAME.yaml` the operator's own.
Money is in US dollars, as Cloudflare's bill is.
"""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from fogbank.catalog.document import Document, read_document
from fogbank.catalog.expected import explain
from fogbank.catalog.mistakes import CatalogError, Mistake
from fogbank.cost.figure import Figure, OneOrMore, Positive, Share, number
from fogbank.cost.own import Machine


class Capacity(BaseModel):
    """What the hardware sustains for one model, prompt and answer tokens together."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tokens_per_second: Positive = Field(description="Prompt and answer tokens, sustained.")
    output_share: float = Field(
        gt=0, lt=1, description="Answer tokens of all tokens, where this was measured."
    )
    source: str = Field(description="The command and the day that measured it, or who says so.")


class Hardware(BaseModel):
    """One machine, rented or bought. Every figure may have a range."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    description: str
    sources: tuple[str, ...] = Field(min_length=1, description="Where the figures come from.")
    sample: bool = Field(False, description="Figures to start from, not anybody's own.")
    rent_per_hour: Positive | None = Field(None, description="USD, for every hour, idle or not.")
    purchase: Positive | None = Field(None, description="USD, all of it, on the first day.")
    years: Positive = Field(number(4), description="That bought hardware is used.")
    residual: Share = Field(number(0), description="Of the purchase, got back at the end.")
    idle_watts: Figure = Field(number(0), description="Of the whole machine, loaded models idle.")
    loaded_watts: Figure = Field(number(0), description="Of the whole machine at its capacity.")
    pue: OneOrMore = Field(number(1), description="Power of the site by power of the machine.")
    price_per_kwh: Figure = Field(number(0), description="USD. 0 where the rent has it.")
    hosting_per_month: Figure = Field(number(0), description="USD: rack, network, licences.")
    care_hours_per_month: Figure = Field(number(0), description="Of a person.")
    care_price_per_hour: Figure = Field(number(0), description="USD.")
    capacity: dict[str, Capacity] = Field(
        default_factory=dict, description="By the name of a model."
    )

    @model_validator(mode="after")
    def _rented_or_bought(self) -> "Hardware":
        if (self.rent_per_hour is None) == (self.purchase is None):
            raise ValueError("give rent_per_hour or purchase, one of the two")
        if self.loaded_watts.value < self.idle_watts.value:
            raise ValueError("loaded_watts: below idle_watts")
        return self

    @property
    def costs(self) -> dict[str, Figure]:
        """Every figure but the capacities, by its name in the file."""
        return {
            name: value
            for name in type(self).model_fields
            if isinstance(value := getattr(self, name), Figure)
        }

    def figures(self, model: str) -> dict[str, Figure]:
        """`costs`, and that of this machine with that model on it.

        Its capacity is `tokens_per_second`. Raises LookupError where there is none for the model.
        """
        if model not in self.capacity:
            known = ", ".join(self.capacity) or "none"
            raise LookupError(
                f"hardware {self.name} has no capacity for {model}; it has {known}."
                " Measure it with 'fogbank bench', or write it into the file"
            )
        return {**self.costs, "tokens_per_second": self.capacity[model].tokens_per_second}

    def machine(self, model: str) -> Machine:
        """At its best guesses. Raises LookupError as `figures` does."""
        return Machine(**{name: each.value for name, each in self.figures(model).items()})


def load_hardware(package_data: Path, data_dir: Path | None = None) -> dict[str, Hardware]:
    """By name; an operator's takes the place of a sample of its name. Raises CatalogError."""
    found: dict[str, Hardware] = {}
    mistakes: list[Mistake] = []
    for root in filter(None, (package_data, data_dir)):
        for file in sorted((root / "hardware").glob("*.yaml")):
            document = read_document(file)
            if machine := _machine(document):
                found[machine.name] = machine
            mistakes += document.mistakes
    if mistakes:
        raise CatalogError(mistakes)
    return found


def _machine(document: Document) -> Hardware | None:
    if document.mistakes:
        return None
    try:
        machine = Hardware.model_validate(document.data)
    except ValidationError as error:
        details = error.errors(include_url=False)
        document.mistakes += [document.mistake(*explain(Hardware, each)) for each in details]
        return None
    if machine.name != document.file.stem:
        text = f"the file's name is its own: expected {machine.name}.yaml"
        document.mistakes.append(document.mistake(("name",), text))
        return None
    return machine
