import itertools

from hypothesis import given
from hypothesis import strategies as st

from fogbank.engines.stop_strings import StopStrings

TEXT = st.text("abc", max_size=30)


@given(TEXT, st.lists(st.text("abc", min_size=1, max_size=4), max_size=3), st.data())
def test_pieces_or_whole_give_the_same(text: str, stops: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=10)))
    edges = [0, *cuts, len(text)]
    filtered = StopStrings(tuple(stops))
    shown = ""
    for start, end in itertools.pairwise(edges):
        shown += filtered.push(text[start:end])
        assert not any(stop in shown for stop in stops)
    found = [text.find(stop) for stop in stops if stop in text]
    assert filtered.stopped == bool(found)
    if not found:
        shown += filtered.flush()
        assert shown == text
    else:
        # A stop string that ends first wins, even where a longer one begins before it.
        assert text.startswith(shown)
        assert len(shown) >= min(found)
        assert any(text.startswith(stop, len(shown)) for stop in stops)


def test_text_is_held_back_only_while_in_doubt() -> None:
    stops = StopStrings(("END",))
    assert [stops.push(piece) for piece in ("a E", "N", "x E", "ND b")] == ["a ", "", "ENx ", ""]
    assert stops.stopped
    assert (stops.push("c"), stops.flush()) == ("", "")


def test_an_empty_stop_string_stops_nothing() -> None:
    stops = StopStrings(("",))
    assert stops.push("abc") == "abc"
    assert not stops.stopped
