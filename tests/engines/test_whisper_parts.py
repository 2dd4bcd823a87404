"""The parts of speech recognition that need no weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fogbank.engines.silence import without_silence
from fogbank.engines.sound import RATE
from fogbank.engines.whisper_alignment import warp
from fogbank.engines.whisper_segments import Stretch, stretches, timed
from fogbank.engines.whisper_vocabulary import TextWord

TIME = 100
"""The first timestamp; tokens below are text."""


def at(seconds: float) -> int:
    return TIME + round(seconds * 50)


@pytest.mark.parametrize(
    ("tokens", "expected", "passed"),
    [
        ([at(0), 1, 2, at(2)], [Stretch([1, 2], 0, 2)], 30),
        ([at(0), 1, at(2), at(3), 2, at(4)], [Stretch([1], 0, 2), Stretch([2], 3, 4)], 30),
        ([at(0), 1, at(2), at(3), 2], [Stretch([1], 0, 2)], 2),
        ([at(0), 1, at(2), at(2)], [Stretch([1], 0, 2)], 2),
        ([at(0), 1, 2], [Stretch([1, 2], 0, 30)], 30),
        ([1, 2], [Stretch([1, 2], 0, 30)], 30),
        ([at(0), 1, at(31)], [Stretch([1], 0, 30)], 30),
        ([], [Stretch([], 0, 30)], 30),
    ],
)
def test_segments_of_a_window(tokens: list[int], expected: list[Stretch], passed: float) -> None:
    assert stretches(tokens, TIME, 30.0) == (expected, passed)


@settings(deadline=None)
@given(st.lists(st.integers(90, TIME + 1500), max_size=20), st.floats(0.01, 30))
def test_any_tokens_lead_onwards(tokens: list[int], seconds: float) -> None:
    found, passed = stretches(tokens, TIME, seconds)
    assert min(0.1, seconds) <= passed <= seconds
    assert all(0 <= piece.start <= seconds and piece.end <= seconds for piece in found)


def test_words_share_the_tokens_times() -> None:
    words = [[TextWord(" Hello", 1), TextWord(" there.", 2)], [TextWord(" You", 1)]]
    starts = np.array([0, 25, 30, 50, 65], np.float32)
    first, second = timed(words, starts, 10.0)
    assert [(word.word, word.start, word.end) for word in first] == [
        ("Hello", 0.0, 0.5),
        ("there.", 0.5, 1.0),
    ]
    (you,) = second
    assert (you.word, you.start) == ("You", 1.0)
    assert you.end == pytest.approx(1.3)


def test_a_pause_belongs_to_no_word() -> None:
    words = [[TextWord(f" {number}", 1) for number in range(4)]]
    starts = np.array([0, 200, 220, 240, 440], np.float32)
    (placed,) = timed(words, starts, 20.0)
    assert placed[0].start == pytest.approx(4.0 - 1.4)
    assert placed[0].end == pytest.approx(4.0)
    assert placed[-1].end == pytest.approx(4.8 + 1.4)


@settings(deadline=None)
@given(st.integers(1, 12), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_a_path_is_monotone_and_no_dearer_than_others(rows: int, columns: int, seed: int) -> None:
    costs = np.random.default_rng(seed).random((rows, columns)).astype(np.float32)
    i, j = warp(costs)
    assert (i[0], j[0], i[-1], j[-1]) == (0, 0, rows - 1, columns - 1)
    steps = set(zip(np.diff(i).tolist(), np.diff(j).tolist(), strict=True))
    assert steps <= {(0, 1), (1, 0), (1, 1)}
    border = costs[:, 0].sum() + costs[-1, 1:].sum()
    assert costs[i, j].sum() <= border + 1e-3


def test_long_silences_are_cut_and_times_put_back() -> None:
    random = np.random.default_rng(0)
    sound = (random.standard_normal(2 * RATE) * 0.3).astype(np.float32)
    silence = np.zeros(5 * RATE, np.float32)
    found = without_silence(np.concatenate([silence, sound, silence, sound, silence]))
    assert len(found.samples) / RATE == pytest.approx(2 * 2.4, abs=0.1)
    assert found.original(0.0) == pytest.approx(4.8, abs=0.05)
    assert found.original(2.3) == pytest.approx(7.1, abs=0.05)
    assert found.original(2.5) == pytest.approx(11.9, abs=0.1)
    cut = found.kept[0][1] - found.kept[0][0]
    assert found.original(cut, ends=True) == pytest.approx(found.kept[0][1])
    assert found.original(cut) == pytest.approx(found.kept[1][0])


@pytest.mark.parametrize("seconds", [0.0, 0.01, 1.5, 4.0])
def test_what_has_no_silence_stays_whole(seconds: float) -> None:
    sound = np.full(int(seconds * RATE), 0.5, np.float32)
    found = without_silence(sound)
    assert np.array_equal(found.samples, sound)
    assert found.original(seconds / 2) == pytest.approx(seconds / 2)
