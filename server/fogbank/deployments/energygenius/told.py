"""What a narrative is about: one plan and the customer, as facts in words and two amounts."""

from dataclasses import dataclass
from decimal import Decimal

from fogbank.deployments.energygenius import words
from fogbank.deployments.energygenius.household import Household
from fogbank.deployments.energygenius.plan import Offer, RateType


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Dollars a year; None where not known. `wanted` and `now` are of the customer."""

    plan_id: str
    annual_cost: Decimal | None = None
    savings: Decimal | None = None
    now: Decimal | None = None
    renewable_percent: float | None = None
    contract_months: int | None = None
    exit_fee: Decimal | None = None
    rate_type: RateType | None = None
    used: str = ""
    wanted: str = ""

    @property
    def sentences(self) -> list[str]:
        """The facts, one sentence each."""
        told: list[str] = []
        if self.annual_cost is not None and self.now is not None:
            told.append(f"The plan {words.price(self.annual_cost, self.now)}.")
        if self.rate_type is not None:
            fixed = self.rate_type == "fixed"
            told.append("Its rate is fixed." if fixed else "Its rate may change.")
        if self.contract_months is not None:
            told.append(f"It has {words.contract(self.contract_months)}.")
        if self.renewable_percent is not None:
            told.append(f"Its electricity is {words.renewable(self.renewable_percent)}.")
        if self.exit_fee is not None:
            told.append(f"Leaving early costs {'a fee' if self.exit_fee else 'nothing'}.")
        if self.used:
            told.append(f"The customer has {self.used}.")
        if self.wanted:
            told.append(f"The customer wants {self.wanted}.")
        return told


def told_of(offer: Offer, household: Household) -> Told:
    """Of an offer of this pipeline."""
    plan = offer.plan
    return Told(
        plan_id=plan.plan_id,
        annual_cost=offer.annual_cost,
        savings=offer.savings,
        now=household.current_cost,
        renewable_percent=plan.renewable_percent,
        contract_months=plan.contract_term_months,
        exit_fee=plan.early_termination_fee,
        rate_type=plan.rate_type,
        used=words.use(household.usage),
        wanted=words.wishes(household.preferences),
    )
