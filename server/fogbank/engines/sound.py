"""From a sound file to samples: one channel, 16,000 a second, between -1 and 1."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogbank.engines.base import EngineRefused

RATE = 16_000
_SLOWEST, _FASTEST, _MOST_CHANNELS = 2_000, 400_000, 32
_FORMATS = "WAV, FLAC, Ogg (Vorbis, Opus), MP3 or AIFF"

Samples = NDArray[np.float32]


def read_sound(
    data: bytes, max_seconds: float, cancelled: Callable[[], bool] = lambda: False
) -> Samples:
    """The samples of a whole file; its channels are averaged. Once `cancelled`, of a part of it.

    Raises EngineRefused for what cannot be decoded and for what lasts longer than `max_seconds`,
    whatever its header says: no more than that is ever decoded.
    """
    import soundfile

    class Stream(soundfile.SoundFile):  # type: ignore[misc]
        """soundfile seeks after every read of what can be sought, which breaks MP3's frames."""

        def seekable(self) -> bool:
            return False

    if not data:
        raise EngineRefused("the audio is empty")
    try:
        with Stream(io.BytesIO(data)) as file:
            samples = _decode(file, max_seconds, cancelled)
    except soundfile.SoundFileError as error:
        raise EngineRefused(
            f"the audio cannot be decoded ({_reason(error)}); send it as {_FORMATS}"
        ) from error
    if not samples.size:
        raise EngineRefused("the audio has no samples")
    return np.clip(np.nan_to_num(samples, copy=False), -1.0, 1.0)


def _decode(file: Any, max_seconds: float, cancelled: Callable[[], bool]) -> Samples:
    """A second at a time: what is in memory at once does not depend on channels or rate."""
    import soxr

    rate, channels = file.samplerate, file.channels
    if not _SLOWEST <= rate <= _FASTEST or channels > _MOST_CHANNELS:
        raise EngineRefused(
            f"the audio has {channels} channels of {rate} samples a second; read are up to"
            f" {_MOST_CHANNELS} channels of {_SLOWEST} to {_FASTEST}"
        )
    resampler = soxr.ResampleStream(rate, RATE, 1, dtype="float32")
    blocks: list[Samples] = []
    left = int(max_seconds * rate)
    while len(block := file.read(rate, dtype="float32", always_2d=True)):
        left -= len(block)
        if left < 0:
            raise EngineRefused(
                f"the audio is longer than {max_seconds:g} s, the limit of this engine"
                " (its option max_audio_seconds)"
            )
        blocks.append(resampler.resample_chunk(block.mean(axis=1)))
        if cancelled():  # a few megabytes of silence can be decoded for minutes
            break
    blocks.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(blocks)


def _reason(error: Exception) -> str:
    """What libsndfile says, without the address of the object in memory."""
    return str(getattr(error, "error_string", error)).strip().rstrip(".")
