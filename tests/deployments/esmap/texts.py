"""Five short texts about energy, and what a person finds in them.

Written for these tests in the manner of press releases; their figures are near the published ones,
but nobody should quote them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """`entities` are what must be found, by type, as they stand in the text.

    `questions` are pairs of a question and the words of the text that answer it.
    """

    name: str
    text: str
    label: str
    topics: frozenset[str]
    entities: dict[str, tuple[str, ...]]
    questions: tuple[tuple[str, str], tuple[str, str]]
    unanswered: str


IRENA = Text(
    name="IRENA",
    text=(
        "The International Renewable Energy Agency (IRENA) reports a record year for clean power."
        " Renewable capacity grew by 473 GW in 2023, the best result ever achieved, and solar PV"
        " made up three quarters of the growth. China led the world with great success. The cost of"
        " electricity from onshore wind fell to $0.033/kWh, which makes it a wonderfully cheap"
        " source of new power."
    ),
    label="POSITIVE",
    topics=frozenset({"renewable"}),
    entities={
        "ORG": ("International Renewable Energy Agency", "IRENA"),
        "TECH": ("solar PV", "onshore wind"),
        "LOC": ("China",),
        "METRIC": ("473 GW", "$0.033/kWh"),
    },
    questions=(
        ("How much did renewable capacity grow in 2023?", "473 GW"),
        ("Which country led the world?", "China"),
    ),
    unanswered="Who is the president of Brazil?",
)

IEA = Text(
    name="IEA",
    text=(
        "Global carbon dioxide emissions from energy rose to 37.4 billion tonnes of CO2, the"
        " International Energy Agency (IEA) warns. It is a bitter failure: coal plants in India"
        " and China caused most of the damage, and a severe drought made it worse because"
        " hydropower fell. The IEA says that heat pumps and electric vehicles have cut demand for"
        " oil by only 1.2 %, and that governments have failed to act."
    ),
    label="NEGATIVE",
    topics=frozenset({"emissions"}),
    entities={
        "ORG": ("International Energy Agency", "IEA"),
        "TECH": ("heat pumps", "electric vehicles", "hydropower"),
        "LOC": ("India", "China"),
        "METRIC": ("37.4 billion tonnes of CO2", "1.2 %"),
    },
    questions=(
        ("Why did hydropower fall?", "drought"),
        ("Who warns about emissions?", "International Energy Agency"),
    ),
    unanswered="How many stadiums were built in Paris?",
)

WORLD_BANK = Text(
    name="World Bank",
    text=(
        "The World Bank approved $500 million for mini-grids and battery storage in Nigeria. The"
        " programme, supported by ESMAP, will bring electricity to 2.5 million people and replace"
        " 280,000 diesel generators. It is a very welcome success for villages that waited for"
        " decades, and the new grants help farmers to adapt to droughts with solar pumps."
    ),
    label="POSITIVE",
    topics=frozenset({"adaptation"}),
    entities={
        "ORG": ("World Bank", "ESMAP"),
        "TECH": ("mini-grids", "battery storage"),
        "LOC": ("Nigeria",),
        "METRIC": ("$500 million",),
    },
    questions=(
        ("How much money did the World Bank approve?", "$500 million"),
        ("In which country are the mini-grids?", "Nigeria"),
    ),
    unanswered="What is the wind speed on Mars?",
)

WIND_EUROPE = Text(
    name="WindEurope",
    text=(
        "WindEurope complains that permits for offshore wind still take far too long. Only 2.6 GW"
        " were connected in the North Sea last year, a disappointing result, and the industry lost"
        " money. Germany and the Netherlands missed their targets because HVDC cables came late."
        " The association asks the European Commission for a law that ends the terrible delays in"
        " planning."
    ),
    label="NEGATIVE",
    topics=frozenset({"renewable", "policy"}),
    entities={
        "ORG": ("WindEurope", "European Commission"),
        "TECH": ("offshore wind", "HVDC"),
        "LOC": ("North Sea", "Germany", "Netherlands"),
        "METRIC": ("2.6 GW",),
    },
    questions=(
        ("How much offshore wind was connected in the North Sea?", "2.6 GW"),
        ("Why did Germany miss its target?", "HVDC cables came late"),
    ),
    unanswered="How much does a kilogram of rice cost?",
)

INDIA = Text(
    name="India",
    text=(
        "India has installed 82 GW of solar capacity, a brilliant achievement for the country. The"
        " Bhadla park in Rajasthan alone has 2,245 MW of solar panels and sells power at"
        " 2.44 rupees per kWh. The Ministry of New and Renewable Energy (MNRE) expects the new"
        " plants to avoid 110 million tonnes of CO2 a year and is delighted with the progress"
        " towards 500 GW by 2030."
    ),
    label="POSITIVE",
    topics=frozenset({"renewable"}),
    entities={
        "ORG": ("Ministry of New and Renewable Energy", "MNRE"),
        "TECH": ("solar panels",),
        "LOC": ("India", "Rajasthan"),
        "METRIC": ("82 GW", "2,245 MW", "2.44 rupees per kWh", "500 GW"),
    },
    questions=(
        ("How much solar capacity has India installed?", "82 GW"),
        ("Where is the Bhadla park?", "Rajasthan"),
    ),
    unanswered="Which team won the football match?",
)

TEXTS = (IRENA, IEA, WORLD_BANK, WIND_EUROPE, INDIA)
