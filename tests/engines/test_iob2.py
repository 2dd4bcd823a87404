import pytest

from fogbank.engines.iob2 import Word, group
from fogbank.tasks import Entity

TEXT = "Ada Lovelace met U.S. men in London"
SPANS = [(0, 3), (4, 12), (13, 16), (17, 21), (22, 25), (26, 28), (29, 35)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("B-PER I-PER O B-LOC O O B-LOC", ["PER:Ada Lovelace", "LOC:U.S.", "LOC:London"]),
        ("B-PER B-PER O O O O O", ["PER:Ada", "PER:Lovelace"]),
        ("I-PER I-PER O O O O I-LOC", ["PER:Ada Lovelace", "LOC:London"]),
        ("B-PER I-ORG O O O O O", ["PER:Ada", "ORG:Lovelace"]),
        ("B-PER O I-PER O O O O", ["PER:Ada", "PER:met"]),
        ("O O O O O O O", []),
    ],
)
def test_labels_to_entities(labels: str, expected: list[str]) -> None:
    words = [Word(label, 1.0, *span) for label, span in zip(labels.split(), SPANS, strict=True)]
    found = group(TEXT, words)
    assert [f"{entity.entity_group}:{entity.word}" for entity in found] == expected


def test_a_score_is_the_mean_and_the_word_is_the_slice() -> None:
    words = [Word("B-PER", 0.5, 0, 3), Word("I-PER", 1.0, 4, 12)]
    assert group(TEXT, words) == [Entity("PER", "Ada Lovelace", 0.75, 0, 12)]
