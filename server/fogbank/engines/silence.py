"""Takes long silences out of a recording, and puts times back where they were.

What is silent is told by loudness alone: 30 dB below the recording's loud parts, for two seconds or
more. A loud noise stays in; a model of voice activity would need weights of its own.
"""

from dataclasses import dataclass

import numpy as np

from fogbank.engines.sound import RATE, Samples

_FRAME = RATE // 50
_SHORTEST, _MARGIN = 100, 10
_BELOW = 10 ** (-30 / 20)
_FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class Sounding:
    """`samples` without the silences; `kept` are the stretches of the original, in seconds."""

    samples: Samples
    kept: tuple[tuple[float, float], ...]

    def original(self, seconds: float, *, ends: bool = False) -> float:
        """The time in the original recording of a time in `samples`.

        At a cut, what `ends` there ended before the silence; anything else begins after it.
        """
        passed = 0.0
        for start, end in self.kept:
            length = end - start
            if seconds < passed + length or (ends and seconds <= passed + length):
                return start + max(0.0, seconds - passed)
            passed += length
        return self.kept[-1][1] if self.kept else seconds


def without_silence(samples: Samples) -> Sounding:
    """Cuts silences of two seconds and more, but for 0.2 s at their edges."""
    frames = len(samples) // _FRAME
    loudness = np.sqrt(np.mean(samples[: frames * _FRAME].reshape(frames, _FRAME) ** 2, axis=1))
    loud = float(np.percentile(loudness, 95)) if frames else 0.0
    quiet = loudness < max(_FLOOR, loud * _BELOW)
    changes = np.flatnonzero(np.diff(quiet, prepend=False, append=False))
    cuts = [
        (begin + _MARGIN if begin else 0, end - _MARGIN if end < frames else frames)
        for begin, end in zip(changes[::2].tolist(), changes[1::2].tolist(), strict=True)
        if end - begin >= _SHORTEST
    ]
    edges = [0, *(edge * _FRAME for cut in cuts for edge in cut), len(samples)]
    if cuts and cuts[-1][1] == frames:
        edges[-2:] = [len(samples)] * 2
    pieces = [
        (begin, end) for begin, end in zip(edges[::2], edges[1::2], strict=True) if end > begin
    ]
    kept = tuple((begin / RATE, end / RATE) for begin, end in pieces)
    parts = [samples[begin:end] for begin, end in pieces]
    return Sounding(np.concatenate([np.zeros(0, np.float32), *parts]), kept)
