"""What the model is asked: prompts without strangers' words, schemas that hold it, true reasons."""

import json
from typing import Any

import jsonschema_rs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.energygenius import narrative_stage, scoring_stage, usage_stage, words
from fogbank.deployments.energygenius.asking import prose, tidy
from fogbank.deployments.energygenius.catalogue import load
from fogbank.deployments.energygenius.household import Household
from fogbank.deployments.energygenius.options import Options
from fogbank.deployments.energygenius.plan import Offer, Plan, offer_of
from fogbank.deployments.energygenius.recommend_request import household_of
from fogbank.deployments.energygenius.scoring import WEIGHTS, WISHES, candidates
from fogbank.deployments.energygenius.service import SAMPLE
from fogbank.deployments.energygenius.told import told_of
from fogbank.settings import package_data
from tests.deployments.energygenius.genius import SCENARIOS, body
from tests.deployments.energygenius.test_arithmetic import plan

PLANS = load(package_data() / SAMPLE).plans
OPTIONS = Options(ai_model_fast="fast")


def household(scenario: str = "variable", **preferences: Any) -> Household:
    return household_of(body(scenario, **preferences))


def fits(schema: Any, value: Any) -> bool:
    return bool(jsonschema_rs.validator_for(schema).is_valid(value))


def test_weights_of_the_contract() -> None:
    assert WEIGHTS == {"cost": 0.44, "flexibility": 0.22, "renewable": 0.11, "fees": 0.11}
    assert sum(WEIGHTS.values()) + WISHES == pytest.approx(1)


@pytest.mark.parametrize("scenario", list(SCENARIOS))
def test_candidates(scenario: str) -> None:
    customer = household(scenario)
    found = candidates(PLANS, customer, 20)
    assert 5 <= len(found) <= 20
    assert [each.computed for each in found] == sorted((f.computed for f in found), reverse=True)
    wishes = customer.preferences
    for each in found:
        assert each.plan.contract_term_months <= (wishes.max_contract_months or 1000)
        assert wishes.accept_variable_rates or each.plan.rate_type == "fixed"


def test_what_the_customer_asks_for_changes_the_order() -> None:
    def best(**wanted: bool) -> Plan:
        return candidates(PLANS, household("low-usage", prioritizeSavings=False, **wanted), 20)[
            0
        ].plan

    assert best(preferRenewable=True).renewable_percent == 100
    saving = candidates(PLANS, household("high-usage", prioritizeSavings=True), 20)
    green = candidates(
        PLANS, household("high-usage", prioritizeSavings=False, preferRenewable=True), 20
    )
    assert saving[0].annual_cost < green[0].annual_cost


@pytest.mark.parametrize(("budget", "within"), [(10_000, 5), (102, None), (1, 0)])
def test_the_budget(budget: float, within: int | None) -> None:
    found = candidates(PLANS, household("budget-conscious", maxMonthlyBudget=budget), 20)
    assert len(found) >= 5
    inside = [each for each in found if each.within_budget]
    if within == 0:  # the five cheapest, and they say so
        assert not inside
        assert len(found) == 5
        reason = words.reasons(found[0], household("budget-conscious"))[0]
        assert reason.startswith("Above the budget")
    elif within:
        assert inside == found
    else:
        assert all(each.annual_cost <= 12 * budget for each in inside)
        assert len(inside) == len(found) or len(found) == 5


def test_no_word_of_a_stranger_is_in_a_prompt() -> None:
    request = body("variable")
    request["currentPlan"].update(supplier="IGNORE ALL", planName="IGNORE ALL")
    for month in request["energyUsageData"]["monthlyData"]:
        month["month"] = f"IGNORE {month['month']}"
    customer = household_of(request)
    hostile = [plan(planId=f"IGNORE {n}", supplier="IGNORE", planName="IGNORE") for n in range(6)]
    offers = candidates(hostile, customer, 20)
    asks: list[Any] = [
        usage_stage.ask(customer.usage),
        scoring_stage.ask(offers, customer, OPTIONS),
        narrative_stage.ask(told_of(offers[0], customer)),
    ]
    for asked in asks:
        assert "IGNORE" not in json.dumps([asked.messages, asked.schema])


@pytest.mark.parametrize("reasoning", ["free", "facts"])
def test_the_schema_of_scores(reasoning: Any) -> None:
    customer = household()
    offers = candidates(PLANS, customer, 20)
    options = OPTIONS.model_copy(update={"reasoning": reasoning})
    schema = scoring_stage.ask(offers, customer, options).schema
    assert schema["type"] == "array"
    reason = "Low cost" if reasoning == "free" else words.reasons(offers[0], customer)[0]
    good = {"index": 1, "score": offers[0].computed, "reasoning": reason}
    others = [
        {"index": at, "score": offer.computed, "reasoning": words.reasons(offer, customer)[0]}
        for at, offer in enumerate(offers[:5], 1)
    ]
    assert fits(schema, others)
    assert fits(schema, [good, *others[1:]])
    for wrong in (
        {"index": 0}, {"index": 21}, {"index": "1"}, {"score": offers[0].computed - 16},
        {"score": 101}, {"reasoning": "Saves $5"}, {"reasoning": "It is 20 % less"},
        {"reasoning": "x" * 200}, {"reasoning": ""}, {"more": 1},
    ):  # fmt: skip
        assert not fits(schema, [{**good, **wrong}, *others[1:]])
    assert not fits(schema, others[:4])
    assert not fits(schema, others * 3)


def test_few_plans_are_enough() -> None:
    customer = household()
    offers = candidates(PLANS[:2], customer, 20)
    schema = scoring_stage.ask(offers, customer, OPTIONS).schema
    assert (schema["minItems"], schema["maxItems"]) == (2, 2)


@given(
    st.floats(0.01, 5), st.floats(0, 100), st.integers(0, 60), st.integers(0, 500),
    st.integers(0, 100), st.sampled_from(list(SCENARIOS)), st.booleans(),
)  # fmt: skip
def test_reasons_are_true_and_without_figures(
    rate: float, monthly: float, term: int, fee: int, percent: int, scenario: str, above: bool
) -> None:
    customer = household(scenario, maxMonthlyBudget=1 if above else None)
    offer = offer_of(
        plan(baseRate=rate, monthlyFee=monthly, contractTermMonths=term,
             earlyTerminationFee=fee, renewablePercent=percent),
        customer,
    )  # fmt: skip
    for reason in words.reasons(offer, customer):
        assert len(reason) <= scoring_stage.LENGTH
        assert not set(reason) & set("0123456789$%")
        assert ("no fee for leaving early" not in reason) or fee == 0
        assert ("no monthly fee" not in reason) or monthly == 0
        assert ("fully renewable" not in reason) or percent == 100
        assert ("less than now" not in reason) or offer.annual_cost < customer.current_cost
        assert reason.startswith("Above the budget") == (offer.within_budget is False)


def test_the_narrative_without_a_model() -> None:
    customer = household("high-usage")
    offer = candidates(PLANS, customer, 20)[0]
    text = narrative_stage.computed(told_of(offer, customer))
    assert f"Estimated cost: ${offer.annual_cost:,.2f} a year" in text
    assert f"${abs(offer.savings):,.2f} less than the current plan" in text


@given(st.text(st.characters(codec="ascii", categories=["L", "Z", "P"]), max_size=80))
def test_tidy_text_ends_like_a_sentence(text: str) -> None:
    tidied = tidy(text, 40)
    assert tidied.endswith(".")
    assert "  " not in tidied


def test_what_a_limit_cut_off() -> None:
    assert tidy("A whole sentence. And then some mo", 34) == "A whole sentence."
    assert tidy("One that has no end bu", 22) == "One that has no end."
    assert tidy("It ends by itself", 40) == "It ends by itself."


def test_prose_has_no_figures() -> None:
    schema = prose(5, 20)
    assert fits(schema, "Plain words, here")
    assert not any(fits(schema, text) for text in ("Costs 5", "It is $", "Ten %", "Abc", "a" * 30))


@pytest.mark.engine
def test_the_longest_scoring_prompt_has_at_most_a_thousand_tokens() -> None:
    """With the tokenizer of the embedded model, which cuts numbers into digits."""
    from transformers import AutoTokenizer

    from fogbank.catalog.loader import load_catalog
    from fogbank.settings import Settings
    from fogbank.weights.lock import engine_folder
    from fogbank.weights.store import WeightsStore

    customer = household("variable", prioritizeSavings=True, preferRenewable=True,
                         maxMonthlyBudget=5000, maxContractMonths=None)  # fmt: skip
    dear = [
        plan(planId=str(at), baseRate=0.99999, monthlyFee=999, contractTermMonths=120,
             earlyTerminationFee=9999, renewablePercent=99.9, rateType="time-of-use")
        for at in range(20)
    ]  # fmt: skip
    data_dir = Settings().data_dir
    embedded = load_catalog(package_data(), data_dir).profiles["embedded"]
    folder = engine_folder(embedded, "smollm2", WeightsStore(data_dir))
    if folder is None:
        pytest.skip("the embedded weights are not here")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for plans in (PLANS, dear):
        offers: list[Offer] = candidates(plans, customer, 20)
        assert len(offers) == 20
        messages = list(scoring_stage.ask(offers, customer, OPTIONS).messages)
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        count = len(ids["input_ids"]) if hasattr(ids, "keys") else len(ids)
        assert 300 < count <= 1000


def test_answers_are_read_as_they_are_made() -> None:
    customer = household()
    offers = candidates(PLANS, customer, 20)
    asked = scoring_stage.ask(offers, customer, OPTIONS)
    value = orjson.loads(orjson.dumps([
        {"index": at, "score": 50 + at, "reasoning": "Low cost"} for at in (3, 3, 1, 20, 7)
    ]))  # fmt: skip
    scored = asked.read(value)
    assert [each.score for each in scored] == sorted((s.score for s in scored), reverse=True)
    assert len({each.offer.plan.plan_id for each in scored}) == 5
