"""Forms made from examples, and what was typed into them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.card import load_cards
from fogbank.deployments.pages.fields import Field, Group, Table, form
from fogbank.deployments.pages.reading import blame, fill, mistakes, value_of
from fogbank.settings import package_data

GRID: dict[str, Any] = {
    "gridData": {
        "demand": [60, 90.5],
        "generators": [
            {"name": "coal", "capacity": 100, "mustRun": True},
            {"name": "wind", "availability": [0.5, 0.25]},
        ],
        "reserve": 5,
    }
}


def texts(group: Group) -> dict[str, str]:
    return {each.name: each.text for each in group.fields()}


@pytest.mark.parametrize("card", load_cards(package_data()).values(), ids=lambda card: card.id)
def test_a_card_s_example_comes_through_its_form(card: Any) -> None:
    """Shown, sent as it is shown, read: the same JSON."""
    again = form(card.example_input, card.card.inputs)
    fill(again, texts(form(card.example_input, card.card.inputs)))
    assert value_of(again) == card.example_input
    assert mistakes(again) == []


NAMES = st.text("abcdefgh", min_size=1, max_size=5)
NUMBERS = st.integers(-(10**12), 10**12) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text("abc <&\"'>\n", min_size=1, max_size=80).filter(str.strip)
VALUES = st.one_of(NUMBERS, WORDS, st.booleans(), st.lists(NUMBERS, min_size=1, max_size=5))
OBJECTS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)


@given(OBJECTS)
def test_every_object_comes_through(example: dict[str, Any]) -> None:
    made = form(example, {})
    fill(made, texts(made))
    assert value_of(made) == example


def test_tables_grow_and_drop_empty_rows() -> None:
    made = form(GRID, {})
    (grid,) = made.items
    assert isinstance(grid, Group)
    table = next(item for item in grid.items if isinstance(item, Table))
    assert len(table.rows) == 2 + table.spare
    sent = {
        **texts(made),
        "gridData.generators.1.name": " ",
        "gridData.generators.1.availability": "",
        "gridData.generators.3.name": "gas",
        "gridData.generators.3.capacity": "40",
    }
    fill(made, sent)
    generators = value_of(made)["gridData"]["generators"]
    assert generators == [
        {"name": "coal", "capacity": 100, "mustRun": True},
        {"name": "gas", "capacity": 40},
    ]
    assert len(table.rows) == 2 + table.spare


@pytest.mark.parametrize("typed", ["many", "1,5x", "nan", "inf", "1_000", "--1"])
def test_what_is_no_number_is_told_at_its_field(typed: str) -> None:
    made = form(GRID, {})
    fill(made, {**texts(made), "gridData.reserve": typed})
    value_of(made)
    (wrong,) = mistakes(made)
    assert wrong.name == "gridData.reserve"
    assert wrong.text == typed
    assert "is not a number" in wrong.error


@pytest.mark.parametrize(
    ("typed", "value"), [("1, 2;3\n4", [1, 2, 3, 4]), ("[1.5, −2]", [1.5, -2.0]), ("1e3", [1000.0])]
)
def test_lists_are_read_as_people_write_them(typed: str, value: list[float]) -> None:
    made = form({"demand": [1]}, {})
    fill(made, {"demand": typed})
    assert value_of(made) == {"demand": value}


def test_help_names_further_fields() -> None:
    made = form(
        {"features": {"temperature": 20, "plants": [{"unit": "MW"}]}},
        {
            "temperature": "°C",
            "horizon": "Steps",
            "features.capacity": "MW",
            "unit": "Known in the table",
            "latitude, longitude": "Two at once",
            "options.style": "Not of the input",
        },
    )
    named = {each.name: each for each in made.fields()}
    assert named["features.temperature"].help == "°C"
    optional = sorted(name for name, each in named.items() if each.optional)
    assert optional == ["features.capacity", "features.horizon"]
    fill(made, {"features.temperature": "20", "features.horizon": "7", "features.capacity": "{"})
    assert value_of(made) == {
        "features": {"temperature": 20, "plants": [], "horizon": 7, "capacity": None}
    }
    assert "not valid JSON" in mistakes(made)[0].error


@pytest.mark.parametrize(
    ("message", "name"),
    [
        ("gridData.generators[1].capacity: expected a number", "gridData.generators.1.capacity"),
        ("generators[0].name is missing", "gridData.generators.0.name"),
        ("reserve must be a number", "gridData.reserve"),
        ("hour 3: the sun is down", None),
    ],
)
def test_the_api_s_words_stand_at_the_field_they_name(message: str, name: str | None) -> None:
    made = form(GRID, {})
    assert blame(made, message) is (name is not None)
    assert [each.name for each in mistakes(made)] == ([name] if name else [])


def test_labels_are_words() -> None:
    assert Field("features.windSpeed", "number").label == "Wind speed"
    assert Field("gridData.minRenewableShare", "number").label == "Min renewable share"
    assert Field("co2e", "number").label == "CO₂e"
