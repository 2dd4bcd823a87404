"""What is wrong with a body is said; what is right is read."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.energygenius.invalid import Invalid
from fogbank.deployments.energygenius.narratives_request import told_in
from fogbank.deployments.energygenius.recommend_request import household_of
from tests.deployments.energygenius.genius import body

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["energyUsageData", "currentPlan", "preferences", "monthlyData", "month", "usage",
             "cost", "usageSummary", "planScoring", "scoredPlans", "planId", "score"]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


def nested(depth: int) -> Any:
    """Lists in each other: as deep as orjson reads them, deeper than Python writes them."""
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def refusal(read: Callable[[], Any]) -> Invalid | None:
    try:
        read()
    except Invalid as error:
        return error
    return None


@given(json_values)
def test_any_json_is_read_or_refused_in_the_contracts_codes(value: Any) -> None:
    for read in (household_of, lambda value: told_in(value, {})):
        error = refusal(partial(read, value))
        if error is not None:
            assert error.status == 400
            assert error.code in ("MISSING_FIELDS", "INVALID_USAGE_DATA", "INVALID_PLAN_SCORING")
            assert len(error.message) < 1500


@given(json_values, st.sampled_from(["energyUsageData", "currentPlan", "preferences"]))
def test_a_part_that_is_anything(value: Any, part: str) -> None:
    error = refusal(lambda: household_of({**body(), part: value}))
    assert error is None or error.status == 400


@pytest.mark.parametrize(
    ("at", "change", "said"),
    [
        (3, {"usage": -1}, "monthlyData[3].usage is -1; expected kWh from 0"),
        (3, {"usage": "12"}, "monthlyData[3].usage is '12'; expected a number of kWh"),
        (0, {"cost": None}, "monthlyData[0].cost is missing; expected $"),
        (0, {"cost": True}, "monthlyData[0].cost is True"),
        (0, {"usage": 1e300}, "from 0 to 10,000,000"),
        (11, {"month": "jan"}, "monthlyData[11].month is 'jan', as monthlyData[0] is"),
        (2, {"month": ""}, "monthlyData[2].month is ''"),
        (2, {"month": ["March"]}, "expected a month such as 'January'"),
    ],
)
def test_usage_that_is_none(at: int, change: dict[str, Any], said: str) -> None:
    request = body()
    request["energyUsageData"]["monthlyData"][at].update(change)
    with pytest.raises(Invalid) as refused:
        household_of(request)
    assert refused.value.code == "INVALID_USAGE_DATA"
    assert said in refused.value.message


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "monthlyData is None; expected a list of 12 months"),
        ({"monthlyData": "x"}, "monthlyData is 'x'"),
        ({"monthlyData": [1] * 11}, "has 11 months; expected 12"),
        ({"monthlyData": [1] * 12}, "monthlyData[0] is 1; expected an object"),
    ],
)
def test_months_that_are_none(data: Any, said: str) -> None:
    with pytest.raises(Invalid) as refused:
        household_of({**body(), "energyUsageData": data})
    assert refused.value.code == "INVALID_USAGE_DATA"
    assert said in refused.value.message


def test_missing_parts_are_named() -> None:
    with pytest.raises(Invalid, match="currentPlan, preferences"):
        household_of({"energyUsageData": {}})


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("currentPlan", "rate", -0.1),
        ("currentPlan", "rate", "0.1"),
        ("currentPlan", "supplier", 5),
        ("preferences", "preferRenewable", "yes"),
        ("preferences", "maxMonthlyBudget", -5),
        ("preferences", "maxContractMonths", []),
        ("currentPlan", "supplier", nested(900)),
        ("preferences", "preferRenewable", {"x": "y" * 1_000_000}),
    ],
)
def test_fields_that_are_none(part: str, field: str, value: Any) -> None:
    request = body()
    request[part][field] = value
    with pytest.raises(Invalid, match=rf"{part}\.{field}") as refused:
        household_of(request)
    assert refused.value.code == "MISSING_FIELDS"
    assert len(refused.value.message) < 150


def test_no_limit_is_null_or_zero_or_left_out() -> None:
    for wanted in ({"maxMonthlyBudget": 0, "maxContractMonths": 0}, {}):
        wishes = household_of({**body(), "preferences": wanted}).preferences
        assert (wishes.max_monthly_budget, wishes.max_contract_months) == (None, None)
        assert wishes.accept_variable_rates is False


def test_months_may_be_numbers_or_other_words() -> None:
    request = body()
    for number, month in enumerate(request["energyUsageData"]["monthlyData"], 1):
        month["month"] = number
    assert household_of(request).usage.peak.label == "8"
    for number, month in enumerate(request["energyUsageData"]["monthlyData"], 1):
        month["month"] = f"mois {number}"
    assert household_of(request).usage.peak.number is None


def test_narratives_are_of_the_three_best() -> None:
    scored = [{"planId": f"p{score}", "score": score} for score in (10, 90, 50, 70)]
    asked = {"usageSummary": {"annualCost": 100}, "planScoring": {"scoredPlans": scored}}
    assert [told.plan_id for told in told_in(asked, {})] == ["p90", "p70", "p50"]
    del scored[0]["score"]
    assert [told.plan_id for told in told_in(asked, {})] == ["p10", "p90", "p50"]


def test_a_narrative_knows_what_the_client_says_of_a_plan() -> None:
    item = {"planId": "p", "estimatedAnnualCost": 80.5, "estimatedSavings": -3,
            "renewablePercent": 100, "contractTermMonths": 1, "earlyTerminationFee": 0}  # fmt: skip
    asked = {"usageSummary": {"annualCost": 100}, "planScoring": {"scoredPlans": [item]}}
    told = told_in(asked, {})[0]
    amounts = (told.annual_cost, told.savings, told.now)
    assert amounts == (Decimal("80.5"), Decimal(-3), Decimal(100))
    assert told.sentences == [
        "The plan costs much less than now.",
        "It has no long contract.",
        "Its electricity is fully renewable.",
        "Leaving early costs nothing.",
    ]
