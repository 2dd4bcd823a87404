"""Image classification: one image at a time, the likeliest labels of a model's own."""

import json
from collections.abc import Callable
from pathlib import Path

from fogbank.catalog.options import TransformersOptions
from fogbank.engines import efficientnet_lite
from fogbank.engines.imports import LOADING
from fogbank.engines.pixels import PixelReader
from fogbank.engines.transformers_loading import load_model
from fogbank.tasks import (
    ImageClassificationRequest,
    ImageClassificationResult,
    LabelScore,
    Usage,
)

LABELS = 5
"""How many labels an answer has (contract 4)."""


class ImageClassifier:
    """A `Writer` of labels; made, and used, in the engine's own thread."""

    request: type = ImageClassificationRequest
    context_window = 0

    def __init__(self, folder: Path, options: TransformersOptions) -> None:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config.get("model_type") == efficientnet_lite.MODEL_TYPE:
            with LOADING:
                network = efficientnet_lite.load(folder, config).to(options.device)
            self._logits = network
        else:
            model = load_model("AutoModelForImageClassification", folder, options)
            self._logits = lambda pixels: model(pixels.to(model.dtype)).logits
        self._labels: dict[str, str] = config["id2label"]
        self._reader = PixelReader(folder, options.max_image_pixels)
        self._device = options.device

    def write(
        self, request: ImageClassificationRequest, cancelled: Callable[[], bool]
    ) -> ImageClassificationResult | None:
        """The five likeliest labels, best first. Raises EngineRefused for what is no image."""
        import torch

        pixels = self._reader.read(request.image)
        if cancelled():
            return None
        with torch.inference_mode():
            batch = torch.from_numpy(pixels)[None].to(self._device)
            scores = torch.softmax(self._logits(batch)[0].float(), dim=-1)
            best = torch.topk(scores, min(LABELS, len(scores)))
        found = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return ImageClassificationResult(
            [LabelScore(self._labels[str(number)], score) for number, score in found],
            Usage(images=1),
        )
