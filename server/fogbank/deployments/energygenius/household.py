"""The customer: use, current plan, wishes; and what the current plan costs."""

from dataclasses import dataclass
from decimal import Decimal

from fogbank.deployments.energygenius.money import annual_cost, rounded
from fogbank.deployments.energygenius.usage import Usage


@dataclass(frozen=True, slots=True)
class CurrentPlan:
    """`rate` in $/kWh, `monthly_fee` and `early_termination_fee` in $; None where not given."""

    supplier: str = ""
    plan_name: str = ""
    rate_structure: str = ""
    rate: Decimal | None = None
    monthly_fee: Decimal | None = None
    early_termination_fee: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the customer wants. `max_monthly_budget` in $; None means no limit."""

    prioritize_savings: bool = False
    prefer_renewable: bool = False
    accept_variable_rates: bool = False
    max_monthly_budget: Decimal | None = None
    max_contract_months: int | None = None


@dataclass(frozen=True, slots=True)
class Household:
    """One customer."""

    usage: Usage
    current: CurrentPlan
    preferences: Preferences

    @property
    def current_cost(self) -> Decimal:
        """Dollars a year, rounded: from rate and fee where a rate is given, else what was paid."""
        if self.current.rate is None:
            return rounded(self.usage.annual_cost)
        fee = self.current.monthly_fee or Decimal(0)
        return rounded(annual_cost(self.current.rate, self.usage.annual_kwh, fee))
