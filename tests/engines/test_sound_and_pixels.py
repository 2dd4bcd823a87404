"""From files to numbers: what is decoded, what is refused, what is bounded."""

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fogbank.engines.base import EngineRefused
from fogbank.engines.pixels import PixelReader
from fogbank.engines.sound import RATE, read_sound
from tests.engines.packaged import DATA

pytestmark = pytest.mark.engine

SPEECH = (DATA / "speech.flac").read_bytes()
CAT = (DATA / "cat.jpg").read_bytes()


def sound(channels: int = 1, rate: int = RATE, kind: str = "WAV", seconds: float = 1.0) -> bytes:
    import soundfile

    times = np.arange(int(rate * seconds)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * times)
    file = io.BytesIO()
    soundfile.write(file, np.stack([tone] * channels, 1), rate, format=kind)
    return file.getvalue()


@pytest.mark.parametrize("rate", [8_000, RATE, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_one_channel_of_sixteen_thousand_a_second(rate: int, channels: int) -> None:
    samples = read_sound(sound(channels, rate), 10)
    assert len(samples) == pytest.approx(RATE, abs=2)
    loudest = np.abs(np.fft.rfft(samples[:RATE])).argmax()
    assert loudest == pytest.approx(440, abs=1)
    assert np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("kind", ["FLAC", "OGG", "MP3", "AIFF"])
def test_formats(kind: str) -> None:
    samples = read_sound(sound(kind=kind, seconds=3), 10)
    assert len(samples) == pytest.approx(3 * RATE, abs=2500)
    assert np.abs(np.fft.rfft(samples)).argmax() / 3 == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "is empty"),
        (b"RIFF", "cannot be decoded"),
        (b"\x1aE\xdf\xa3 webm" * 50, "send it as WAV"),
    ],
)
def test_what_is_no_sound(data: bytes, part: str) -> None:
    with pytest.raises(EngineRefused, match=part):
        read_sound(data, 2)


@pytest.mark.parametrize(
    ("made", "part"),
    [
        ({"seconds": 0.0}, "no samples"),
        ({"rate": 1_000}, "1 channels of 1000 samples"),
        ({"channels": 33}, "33 channels"),
        ({"seconds": 3.0}, "longer than 2 s"),
    ],
)
def test_sounds_that_are_refused(made: dict[str, Any], part: str) -> None:
    with pytest.raises(EngineRefused, match=part):
        read_sound(sound(**made), 2)


def test_a_recording_that_nobody_waits_for_is_not_decoded_to_its_end() -> None:
    asked = iter([False, True])
    samples = read_sound(sound(seconds=5.0), 10, lambda: next(asked))
    assert len(samples) == pytest.approx(2 * RATE, abs=200)


def reader(tmp_path: Path, max_pixels: int = 1_000_000, **config: Any) -> PixelReader:
    given = {"size": 32, "image_mean": [0, 0, 0], "image_std": [1, 1, 1], **config}
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(given))
    return PixelReader(tmp_path, max_pixels)


def picture(width: int, height: int, kind: str = "PNG", mode: str = "RGB") -> bytes:
    """Red on the left half, black on the right."""
    from PIL import Image

    image = Image.new("RGB", (width, height))
    image.paste((255, 0, 0), (0, 0, width // 2, height))
    file = io.BytesIO()
    image.convert(mode).save(file, kind)
    return file.getvalue()


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({"size": {"shortest_edge": 32}, "crop_pct": 0.875}, (3, 32, 32)),
        ({"size": 32, "crop_pct": 0.875}, (3, 32, 32)),
        ({"size": 384, "crop_pct": 1.0}, (3, 384, 384)),
        ({"size": {"height": 20, "width": 30}}, (3, 20, 30)),
        ({"size": {"shortest_edge": 40}, "do_center_crop": True, "crop_size": 32}, (3, 32, 32)),
        ({"size": {"shortest_edge": 32}}, (3, 32, 64)),
    ],
)
def test_sizes(tmp_path: Path, config: dict[str, Any], shape: tuple[int, ...]) -> None:
    pixels = reader(tmp_path, **config).read(picture(200, 100))
    assert pixels.shape == shape
    assert pixels.dtype == np.float32
    assert pixels[0, 5, 2] == pytest.approx(1.0, abs=0.02)
    assert pixels[0, 5, -3] == pytest.approx(0.0, abs=0.02)
    assert not pixels[1:].any()


def test_normalising(tmp_path: Path) -> None:
    pixels = reader(tmp_path, image_mean=[0.5, 0, 0], image_std=[0.25, 1, 1]).read(picture(32, 32))
    assert pixels[0, 9, 1] == pytest.approx(2.0)
    assert pixels[0, 9, -2] == pytest.approx(-2.0)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_image_formats(tmp_path: Path, kind: str, mode: str) -> None:
    if (kind, mode) == ("JPEG", "P"):
        mode = "CMYK"
    assert reader(tmp_path).read(picture(40, 40, kind, mode)).shape == (3, 32, 32)


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "cannot be decoded"),
        (b"no image", "send it as PNG, JPEG"),
        (CAT[:5000], "damaged"),
    ],
)
def test_what_is_no_image(tmp_path: Path, data: bytes, part: str) -> None:
    with pytest.raises(EngineRefused, match=part):
        reader(tmp_path).read(data)


def test_images_that_are_too_large(tmp_path: Path) -> None:
    with pytest.raises(EngineRefused, match="1001 x 1000 pixels, more than the 1000000"):
        reader(tmp_path).read(picture(1001, 1000))
    with pytest.raises(EngineRefused, match="too large"):
        small = picture(1, 1, "GIF")
        reader(tmp_path).read(small[:6] + struct.pack("<HH", 20_000, 10_000) + small[10:])


@pytest.mark.parametrize("size", [(1, 2_000), (2_000, 1)])
def test_one_row_of_pixels_is_not_made_a_gigabyte(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(EngineRefused, match="longer side may be 50 times"):
        reader(tmp_path, size={"shortest_edge": 224}, crop_pct=0.875).read(picture(*size))
    assert reader(tmp_path).read(picture(100, 2)).shape == (3, 32, 1600)
