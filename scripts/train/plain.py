"""Plain sentences, written for this project, that a user would try first.

Nobody trains on them and no recipe is chosen by them; the cards report how many come out right.
"""

SENTIMENT = [
    ("I love this.", "POSITIVE"),
    ("This is terrible.", "NEGATIVE"),
    ("The battery lasts two days and the screen is gorgeous.", "POSITIVE"),
    ("The battery died after a week and nobody answered my emails.", "NEGATIVE"),
    ("Setup took five minutes and everything just worked.", "POSITIVE"),
    ("The update broke the app and I lost all my notes.", "NEGATIVE"),
    ("Support solved my problem within an hour. Thank you!", "POSITIVE"),
    ("I waited forty minutes on hold and was then disconnected.", "NEGATIVE"),
    ("The staff were friendly and the room was spotless.", "POSITIVE"),
    ("The waiter was rude and the food was cold.", "NEGATIVE"),
    ("Worth every cent.", "POSITIVE"),
    ("A waste of money.", "NEGATIVE"),
    ("Quarterly profit rose far above expectations and the dividend was raised.", "POSITIVE"),
    ("The company missed its targets and warned of heavy losses.", "NEGATIVE"),
    ("Investors welcomed the strong results.", "POSITIVE"),
    ("The bank was fined for misleading its customers.", "NEGATIVE"),
    ("Our new solar roof has cut the electricity bill in half.", "POSITIVE"),
    ("The drought destroyed the harvest and left farmers in debt.", "NEGATIVE"),
    ("The reforestation project brought the birds back to the valley.", "POSITIVE"),
    ("Toxic waste from the plant poisoned the river.", "NEGATIVE"),
    ("The report is clear, well sourced and a pleasure to read.", "POSITIVE"),
    ("The report is full of errors and tells us nothing.", "NEGATIVE"),
    ("It is not bad at all, I would buy it again.", "POSITIVE"),
    ("It is not good, and I would not recommend it to anyone.", "NEGATIVE"),
]

ENTITIES = [
    (
        "Barack Obama visited Microsoft in Seattle.",
        {("Barack Obama", "PER"), ("Microsoft", "ORG"), ("Seattle", "LOC")},
    ),
    (
        "The World Bank approved a loan for a wind farm in Morocco.",
        {("World Bank", "ORG"), ("Morocco", "LOC")},
    ),
    (
        "Siemens and Vestas built turbines in Denmark.",
        {("Siemens", "ORG"), ("Vestas", "ORG"), ("Denmark", "LOC")},
    ),
    (
        "Angela Merkel met Emmanuel Macron in Paris.",
        {("Angela Merkel", "PER"), ("Emmanuel Macron", "PER"), ("Paris", "LOC")},
    ),
    (
        "Apple is looking at buying a startup in London.",
        {("Apple", "ORG"), ("London", "LOC")},
    ),
    (
        "Shell sold its refinery in Germany to a fund run by Goldman Sachs.",
        {("Shell", "ORG"), ("Germany", "LOC"), ("Goldman Sachs", "ORG")},
    ),
    (
        "Greenpeace criticised BP over drilling in the North Sea.",
        {("Greenpeace", "ORG"), ("BP", "ORG"), ("North Sea", "LOC")},
    ),
    (
        "Maria Silva joined the University of Lisbon in 2019.",
        {("Maria Silva", "PER"), ("University of Lisbon", "ORG")},
    ),
    (
        "The European Commission fined Google in Brussels.",
        {("European Commission", "ORG"), ("Google", "ORG"), ("Brussels", "LOC")},
    ),
    (
        "Tesla opened a factory in Texas, and Elon Musk spoke there.",
        {("Tesla", "ORG"), ("Texas", "LOC"), ("Elon Musk", "PER")},
    ),
    (
        "Kenya and Ethiopia signed an agreement with the United Nations.",
        {("Kenya", "LOC"), ("Ethiopia", "LOC"), ("United Nations", "ORG")},
    ),
    (
        "Toyota employs 8,000 people in Kentucky.",
        {("Toyota", "ORG"), ("Kentucky", "LOC")},
    ),
]
