"""Catalogues: JSON, CSV, Power to Choose's export; mistakes with their lines."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.catalog.mistakes import CatalogError
from fogbank.deployments.energygenius.catalogue import Catalogue, load, parse
from fogbank.deployments.energygenius.service import SAMPLE
from fogbank.settings import package_data
from tests.deployments.energygenius.genius import MOUNT, body, genius, recommend

HEADER = (
    "[idKey],[TduCompanyName],[RepCompany],[Product],[kwh500],[kwh1000],[kwh2000],[Fees/Credits],"
    "[PrePaid],[TimeOfUse],[Fixed],[RateType],[Renewable],[TermValue],[CancelFee],[Website],"
    "[SpecialTerms],[TermsURL],[Promotion],[PromotionDesc],[FactsURL],[EnrollURL],[PrepaidURL],"
    "[EnrollPhone],[NewCustomer],[MinUsageFeesCredits],[Language],[Rating]"
)
OFFERS = [
    # A rate of 0.12 and 5 dollars a month: 0.13, 0.125, 0.1225 a kWh.
    '1,NORTH WIRES,ALPHA,"Plain, 12",0.13,0.125,0.1225,,False,False,1,Fixed,20,12,$150.00,,'
    '"Two lines\nof terms",,False,,,,,,False,FALSE,English,4',
    "2,NORTH WIRES,ALPHA,Simple 12,0.13,0.125,0.1225,,False,False,1,Fixed,20,12,150,,,,False,,,,,,"
    "False,FALSE,Spanish,4",
    # A credit at 1000 kWh: no rate and fee give these.
    "3,SOUTH WIRES,BETA,Credit,0.19,0.09,0.14,,False,False,1,Fixed,6,24,$20/month left,,,,False,,,"
    ",,,False,TRUE,English,3",
    "4,SOUTH WIRES,BETA,Free Nights,0.15,0.15,0.15,,True,True,0,Variable,100,1,,,,,False,,,,,,"
    "False,FALSE,English,3",
]
PLAN = {"planId": "a", "supplier": "s", "planName": "n", "baseRate": 0.1, "contractTermMonths": 12}


def export(*offers: str) -> bytes:
    return "\r\n".join([HEADER, *offers, ""]).encode("utf-8-sig")


def csv_of(content: str | bytes, area: str | None = None) -> tuple[Catalogue, list[str]]:
    data = content.encode() if isinstance(content, str) else content
    found, wrong = parse(data, "csv", area)
    return found, [f"{each.line}: {each.key}: {each.message}" for each in wrong]


def json_of(value: Any) -> tuple[Catalogue, list[str]]:
    data = value if isinstance(value, bytes) else orjson.dumps(value, option=orjson.OPT_INDENT_2)
    found, wrong = parse(data, "json")
    return found, [f"{each.line}: {each.key}: {each.message}" for each in wrong]


def test_the_sample_says_so_and_has_plans_of_all_kinds() -> None:
    sample = load(package_data() / SAMPLE)
    assert sample.sample is True
    assert "sample" in sample.note.lower()
    assert len(sample.plans) >= 20
    assert {plan.rate_type for plan in sample.plans} >= {"fixed", "variable", "indexed"}
    assert all(plan.plan_id.startswith("sample-") for plan in sample.plans)


def test_the_export_of_power_to_choose() -> None:
    found, wrong = csv_of(export(*OFFERS))
    assert wrong == []
    assert found.skipped == 1
    assert found.areas == ("NORTH WIRES", "SOUTH WIRES")
    plain, credit, nights = found.plans
    assert (plain.plan_id, plain.supplier, plain.plan_name) == ("1", "ALPHA", "Plain, 12")
    assert (plain.base_rate, plain.monthly_fee) == (Decimal("0.12"), Decimal(5))
    assert (plain.contract_term_months, plain.early_termination_fee) == (12, Decimal(150))
    assert (plain.renewable_percent, plain.rate_type, plain.note) == (20, "fixed", None)
    assert (credit.base_rate, credit.monthly_fee) == (Decimal("0.09"), Decimal(0))
    assert "depends on the amount" in (credit.note or "")
    assert credit.early_termination_fee == 480
    assert (nights.rate_type, nights.note) == ("time-of-use", "Prepaid.")
    assert nights.monthly_fee == 0


def test_an_export_in_cents() -> None:
    in_cents = OFFERS[0].replace("0.13,0.125,0.1225", "13,12.5,12.25")
    plain = csv_of(export(in_cents))[0].plans[0]
    assert (plain.base_rate, plain.monthly_fee) == (Decimal("0.12"), Decimal(5))


def test_one_service_area() -> None:
    found, wrong = csv_of(export(*OFFERS), "south")
    assert (len(found.plans), wrong) == (2, [])
    assert csv_of(export(*OFFERS), "east")[1] == ["0: : no plan of the service area 'east'"]


def test_columns_without_brackets_are_known_too() -> None:
    content = export(OFFERS[0]).decode("utf-8-sig").replace("[", "").replace("]", "")
    assert csv_of(content)[0].plans[0].base_rate == Decimal("0.12")


@pytest.mark.parametrize(
    ("change", "mistake"),
    [
        (("0.125", "free"), "2: [kwh1000]: expected an average price per kWh, not 'free'"),
        ((",12,$150", ",long,$150"), "2: [TermValue]: expected whole months, not 'long'"),
        (("0.125", "1e999999"), "2: [kwh1000]: expected an average price per kWh, not '1e999999'"),
        ((",12,$150", ",1e9999999,$150"), "2: [TermValue]: expected whole months, not '1e9999999'"),
        (("1,NORTH", ",NORTH"), "2: planId: string should have at least 1 character, not ''"),
        ((",20,12,", ",120,12,"), "2: renewablePercent: input should be less than or equal to 100"),
        ((",Fixed,", ",Lunar,"), "2: rateType: input should be 'fixed'"),
    ],
)
def test_a_mistake_in_an_export(change: tuple[str, str], mistake: str) -> None:
    wrong = csv_of(export(OFFERS[0].replace(*change)))[1]
    assert any(each.startswith(mistake) for each in wrong), wrong


def test_lines_are_counted_through_cells_of_several_lines() -> None:
    wrong = csv_of(export(OFFERS[0], OFFERS[3].replace("0.15", "x")))[1]
    assert wrong[0].startswith("4: [kwh1000]")
    twice = csv_of(export(OFFERS[0], OFFERS[0]))[1]
    assert twice == ["4: planId: '1' is in line 2 already"]


def test_csv_of_ones_own() -> None:
    content = (
        "Plan ID,supplier,plan_name,baseRate,Monthly Fee,contractTermMonths,rateType\n"
        "a,S,One,0.1,,12,\n\n"
        "b,S,Two,0.11,4.95,1,variable\n"
    )
    found, wrong = csv_of(content)
    assert wrong == []
    assert [plan.monthly_fee for plan in found.plans] == [0, Decimal("4.95")]
    assert [plan.rate_type for plan in found.plans] == ["fixed", "variable"]


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        ("", "0: : no plan"),
        ("planId,price\na,1\n", "1: price: unknown column; expected planId"),
        ("planId,plan_id\na,1\n", "the column is there twice"),
        ("planId,supplier\na\n", "2: : 1 cells; the first line names 2 columns"),
        ("planId\na\n", "2: supplier: this column is missing or empty"),
        ('planId\n"a\n', "not CSV"),
        (b"planId\n\xff\n", "not UTF-8"),
    ],
)
def test_mistakes_in_csv(content: str | bytes, mistake: str) -> None:
    wrong = csv_of(content)[1]
    assert any(mistake in each for each in wrong), wrong


@pytest.mark.parametrize(
    ("value", "mistake"),
    [
        (b"{", "1: : not JSON"),
        (b'[{"planId": NaN}]', "NaN is no number of JSON"),
        ({}, "expected a list of plans, or an object with a list `plans`"),
        ([], "no plan"),
        ([5], "5 is no plan"),
        ({"plans": [PLAN], "extra": 1}, "extra: unknown key"),
        ({"plans": [PLAN], "sample": "yes"}, "sample: expected true or false"),
        ([{**PLAN, "more": 1}], "2: more: unknown key; expected one of planId"),
        ([PLAN, {**PLAN, "planId": "b", "baseRate": -1}], "9: baseRate: input should be greater"),
        ({"plans": [PLAN, PLAN]}, "10: planId: 'a' is in line 3 already"),
        ([{**PLAN, "baseRate": "Infinity"}], "baseRate"),
        ([{**PLAN, "contractTermMonths": 1.5}], "contractTermMonths"),
    ],
)
def test_mistakes_in_json(value: Any, mistake: str) -> None:
    wrong = json_of(value)[1]
    assert any(mistake in each for each in wrong), wrong


@given(st.binary(max_size=200), st.sampled_from(["csv", "json"]))
def test_any_bytes_are_read_or_told(content: bytes, kind: str) -> None:
    found, wrong = parse(content, kind)
    assert wrong or found.plans


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "baseRate": st.floats(0.0001, 10),
                "contractTermMonths": st.integers(0, 120),
                "monthlyFee": st.floats(0, 100),
                "renewablePercent": st.integers(0, 100),
            }
        ),
        min_size=1,
        max_size=5,
    )
)
def test_json_and_csv_give_the_same_plans(given_plans: list[dict[str, Any]]) -> None:
    rows = [{**PLAN, "planId": f"p{at}", **row} for at, row in enumerate(given_plans)]
    lines = [",".join(rows[0]), *(",".join(str(row[key]) for key in rows[0]) for row in rows)]
    from_json, wrong = json_of(rows)
    from_csv, also_wrong = csv_of("\n".join(lines))
    assert wrong == also_wrong == []
    assert from_json.plans == from_csv.plans


def test_a_catalogue_with_mistakes_is_not_used(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("planId\na\n")
    with pytest.raises(CatalogError, match=r"mine\.csv:2: baseRate"):
        load(file)
    with pytest.raises(CatalogError, match="cannot be read"):
        load(tmp_path / "none.csv")
    with pytest.raises(CatalogError, match=r"\.csv or \.json"):
        load(tmp_path / "mine.xlsx")


@pytest.mark.anyio
async def test_the_operators_own_is_recommended_from(tmp_path: Path) -> None:
    (tmp_path / "plans.csv").write_bytes(export(*OFFERS))
    async with genius(tmp_path, catalogue="plans.csv", service_area="NORTH") as server:
        told = (await server.client.get(f"{MOUNT}/api/mock-data")).json()
        answer = await recommend(server, body())
    assert told["metadata"]["catalogue"]["sample"] is False
    assert told["metadata"]["catalogue"]["source"] == "Power to Choose export"
    assert [plan["planId"] for plan in answer["data"]["recommendations"]] == ["1"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "kind"),
    [(export(*OFFERS), "text/csv"), (orjson.dumps([PLAN]), "application/json"),
     (orjson.dumps([PLAN]), "application/x-www-form-urlencoded")],
)  # fmt: skip
async def test_validation_over_http(tmp_path: Path, content: bytes, kind: str) -> None:
    async with genius(tmp_path) as server:
        response = await server.client.post(
            f"{MOUNT}/api/catalogue/validate", content=content, headers={"content-type": kind}
        )
        bad = await server.client.post(f"{MOUNT}/api/catalogue/validate", content=b"[{}]")
    told = response.json()
    assert told["valid"] is True
    assert told["plans"] == (3 if kind == "text/csv" else 1)
    assert told["mistakes"] == []
    assert bad.json()["valid"] is False
    assert bad.json()["mistakeCount"] == 5
    assert bad.json()["mistakes"][0].keys() == {"line", "key", "message"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"catalogue": "none.json"}, "cannot be read"),
        ({"stage_second": 5}, "unknown key; did you mean 'stage_seconds'"),
        ({"candidates": 21}, "options.candidates"),
    ],
)
async def test_options_that_cannot_be(tmp_path: Path, options: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogError, match=said):
        async with genius(tmp_path, **options):
            pass
