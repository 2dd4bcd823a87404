import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fogbank.engines import remote_sse
from fogbank.engines.remote_sse import SseReader

STREAM = (
    b': comment\n\ndata: {"a":1}\r\n\r\nevent: x\ndata:two\ndata: lines\nid: 7\n\n'
    b"data: \n\nretry: 5\n\ndata: \xe2\x98\x81\n\ndata: unended"
)
EVENTS = [b'{"a":1}', b"two\nlines", b"", b"\xe2\x98\x81"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_cuts_anywhere_change_nothing(cuts: list[int]) -> None:
    reader = SseReader()
    edges = [0, *sorted(cuts), len(STREAM)]
    found = []
    for start, end in itertools.pairwise(edges):
        found.extend(reader.push(STREAM[start:end]))
    assert found == EVENTS


def test_an_endless_event_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_sse, "MAX_EVENT_BYTES", 100)
    reader = SseReader()
    reader.push(b"data: " + b"x" * 60 + b"\n")
    with pytest.raises(ValueError, match="more than 100 bytes"):
        reader.push(b"data: " + b"x" * 60)
