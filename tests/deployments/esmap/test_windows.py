import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.deployments.esmap.windows import sentences, windows

TEXTS = st.text(alphabet="ab. \n!?\"'…。)(DrM\u0301🌞", max_size=300)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One. ", "Two! ", "Three?"]),
        ("Dr. Ada of the U.S. Dept. met Mr. B. Jones. He left.", None),
        ("It costs 3.5 cents. Yes.", ["It costs 3.5 cents. ", "Yes."]),
        ("A title\n\nThe text. More", ["A title\n\n", "The text. ", "More"]),
        ("晴れです。雨です！終わり", ["晴れです。", "雨です！", "終わり"]),
        ("It fell by approx. 3 GW, e.g. here.", ["It fell by approx. 3 GW, e.g. here."]),
        ("no end", ["no end"]),
        ("", []),
    ],
)
def test_where_a_sentence_ends(text: str, expected: list[str] | None) -> None:
    found = [each.text for each in sentences(text)]
    if expected is None:
        assert found[-1] == "He left."
        assert found[0].startswith("Dr. Ada")
    else:
        assert found == expected


@given(TEXTS)
def test_sentences_are_the_text(text: str) -> None:
    found = sentences(text)
    assert "".join(each.text for each in found) == text
    assert all(text[each.start :].startswith(each.text) for each in found)


@given(TEXTS, st.integers(1, 60))
def test_windows_are_slices_and_lose_nothing_but_blanks(text: str, most: int) -> None:
    found = windows(text, most)
    for each in found:
        assert text[each.start : each.start + len(each.text)] == each.text
        assert 0 < len(each.text) <= most
        assert each.text.strip()
    assert "".join("".join(each.text for each in found).split()) == "".join(text.split())


def test_a_window_is_whole_sentences_and_a_long_one_is_cut_behind_a_blank() -> None:
    text = "Short one. Short two. " + "Word " * 30 + "end."
    first, *rest = windows(text, 40)
    assert first.text == "Short one. Short two. "
    assert all(each.text.endswith("Word ") for each in rest[:-1])
    assert [len(each.text) for each in windows("x" * 100, 40)] == [40, 40, 20]


def test_long_texts_are_read_at_once() -> None:
    for text in ("." * 100_000, "A. " * 50_000, "\n" * 100_000, "a b" * 50_000, "。" * 100_000):
        assert sum(len(each.text) for each in windows(text)) <= len(text)
