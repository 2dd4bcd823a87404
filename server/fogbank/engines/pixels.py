"""From an image file to the numbers that a classifier reads, as its preprocessor_config.json says.

Resizing and normalising are done by Pillow and numpy: the image processors of transformers want
torchvision, whose PyPI wheels do not go with torch's build for CPUs.
"""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fogbank.engines.base import EngineRefused

Pixels = NDArray[np.float32]
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_WHOLE_FROM = 384
"""A size from which `crop_pct` is not applied: such models read the whole image."""

_LONGEST = 50
"""How many times as long as wide an image may be: its shortest edge is widened to the model's size,
which makes gigabytes of one row of pixels."""


class PixelReader:
    """Reads images for one model. `max_pixels` bounds width times height before decoding."""

    def __init__(self, folder: Path, max_pixels: int) -> None:
        text = (folder / "preprocessor_config.json").read_text(encoding="utf-8")
        self._config: dict[str, Any] = json.loads(text)
        self._max_pixels = max_pixels

    def read(self, data: bytes) -> Pixels:
        """(3, height, width). Raises EngineRefused for what cannot be decoded or is too large."""
        image = self._fitted(self._opened(data))
        config = self._config
        pixels: Pixels = np.asarray(image, dtype=np.float32)
        if config.get("do_rescale", True):
            pixels = pixels * np.float32(config.get("rescale_factor", 1 / 255))
        if config.get("do_normalize", True):
            mean: Pixels = np.asarray(config["image_mean"], np.float32)
            deviation: Pixels = np.asarray(config["image_std"], np.float32)
            pixels = (pixels - mean) / deviation
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))

    def _opened(self, data: bytes) -> Any:
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
                width, height = image.size
                if width * height > self._max_pixels:
                    raise EngineRefused(
                        f"the image has {width} x {height} pixels, more than the"
                        f" {self._max_pixels} of this engine (its option max_image_pixels)"
                    )
                if max(width, height) > _LONGEST * min(width, height):
                    raise EngineRefused(
                        f"the image has {width} x {height} pixels; its longer side may be"
                        f" {_LONGEST} times the shorter one at most"
                    )
                return ImageOps.exif_transpose(image).convert("RGB")
        except UnidentifiedImageError as error:
            raise EngineRefused(
                f"the image cannot be decoded; send it as {', '.join(_FORMATS)}"
            ) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise EngineRefused(f"the image is too large ({error})") from error
        except (OSError, SyntaxError, ValueError) as error:  # Pillow's own for damaged files
            raise EngineRefused(f"the image is damaged ({error})") from error

    def _fitted(self, image: Any) -> Any:
        """Resized and cropped: to a shortest edge, or to a fixed height and width."""
        from PIL import Image

        config = self._config
        how = Image.Resampling(config.get("resample", Image.Resampling.BILINEAR))
        size = config["size"]
        edge = size if isinstance(size, int) else size.get("shortest_edge")
        if edge is None:
            fixed = (size["width"], size["height"])
            return image.resize(fixed, how) if config.get("do_resize", True) else image
        part = config.get("crop_pct")
        if part is not None and edge >= _WHOLE_FROM:
            return image.resize((edge, edge), how)
        if config.get("do_resize", True):
            shortest = int(edge / part) if part is not None else edge
            scale = shortest / min(image.size)
            width, height = (max(shortest, int(side * scale)) for side in image.size)
            image = image.resize((width, height), how)
        if part is None and not config.get("do_center_crop", False):
            return image
        crop = config.get("crop_size", edge) if part is None else edge
        if isinstance(crop, int):
            crop = {"width": crop, "height": crop}
        left = (image.width - crop["width"]) // 2
        top = (image.height - crop["height"]) // 2
        return image.crop((left, top, left + crop["width"], top + crop["height"]))
