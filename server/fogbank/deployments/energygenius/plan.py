"""A plan of the catalogue, and what it comes to for one household."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from fogbank.deployments.energygenius.household import Household
from fogbank.deployments.energygenius.money import annual_cost, rounded

RateType = Literal["fixed", "variable", "indexed", "time-of-use"]

Text = Annotated[str, Field(min_length=1, max_length=160)]
Fee = Annotated[Decimal, Field(ge=0, le=10_000, allow_inf_nan=False)]


class Plan(BaseModel):
    """One offer. Keys in JSON and CSV as in the old service's answers, in camelCase.

    `base_rate` in $/kWh, fees in $; a `contract_term_months` of 0 or 1 binds for no longer than
    a month.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    plan_id: Text = Field(alias="planId")
    supplier: Text = Field(alias="supplier")
    plan_name: Text = Field(alias="planName")
    base_rate: Decimal = Field(alias="baseRate", gt=0, le=10, allow_inf_nan=False)
    monthly_fee: Fee = Field(Decimal(0), alias="monthlyFee")
    contract_term_months: int = Field(alias="contractTermMonths", ge=0, le=120)
    early_termination_fee: Fee = Field(Decimal(0), alias="earlyTerminationFee")
    renewable_percent: float = Field(0, alias="renewablePercent", ge=0, le=100, allow_inf_nan=False)
    rate_type: RateType = Field("fixed", alias="rateType")
    service_area: str | None = Field(None, alias="serviceArea", max_length=160)
    note: str | None = Field(None, alias="note", max_length=400)

    def as_json(self) -> dict[str, Any]:
        """An item of `suppliers`."""
        return {
            key: float(value) if isinstance(value, Decimal) else value
            for key, value in self.model_dump(by_alias=True).items()
            if value is not None
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan for one household. `annual_cost` and `savings` (after the current plan's exit fee) in
    $, rounded; `computed` is the weighted score, 0 to 100; `within_budget` None without a budget.
    """

    plan: Plan
    annual_cost: Decimal
    savings: Decimal
    within_budget: bool | None = None
    computed: int = 0


def offer_of(plan: Plan, household: Household) -> Offer:
    """The arithmetic; the score is still to come."""
    kwh = household.usage.annual_kwh
    cost = rounded(annual_cost(plan.base_rate, kwh, plan.monthly_fee))
    fee = rounded(household.current.early_termination_fee)
    budget = household.preferences.max_monthly_budget
    return Offer(
        plan=plan,
        annual_cost=cost,
        savings=household.current_cost - cost - fee,
        within_budget=None if budget is None else cost <= 12 * budget,
    )
