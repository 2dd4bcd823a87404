"""Image classification: the packaged weights, and a folder of transformers."""

import asyncio
import math
from pathlib import Path

import pytest

from fogbank.catalog.options import TransformersOptions
from fogbank.engines.base import EngineRefused
from fogbank.engines.image_classifier import ImageClassifier
from fogbank.engines.transformers import TransformersEngine
from fogbank.tasks import (
    IMAGE_CLASSIFICATION,
    ImageClassificationRequest,
    ImageClassificationResult,
    Usage,
)
from tests.engines.packaged import DATA, folder

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

CAT = ImageClassificationRequest((DATA / "cat.jpg").read_bytes())
CATS = {"tabby, tabby cat", "tiger cat", "Egyptian cat"}


async def test_a_cat_is_a_cat() -> None:
    engine = TransformersEngine("x", folder("efficientnet-lite0"), task=IMAGE_CLASSIFICATION)
    await engine.start()
    try:
        results = await asyncio.gather(engine.run(CAT), engine.run(CAT))
        with pytest.raises(EngineRefused, match="cannot be decoded"):
            await engine.run(ImageClassificationRequest(b"no image"))
    finally:
        await engine.stop()
    assert results[0] == results[1]
    result = results[0]
    assert isinstance(result, ImageClassificationResult)
    assert {score.label for score in result.scores[:3]} == CATS
    numbers = [score.score for score in result.scores]
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)
    assert sum(numbers[:3]) > 0.8
    assert result.usage == Usage(images=1)


def resnet(path: Path) -> Path:
    """A tiny random ResNet of three classes, with the preprocessor's configuration of ResNet-50."""
    import torch
    import transformers

    torch.manual_seed(7)
    names = {0: "fog", 1: "sun", 2: "rain"}
    config = transformers.ResNetConfig(
        embedding_size=8,
        hidden_sizes=[8, 16],
        depths=[1, 1],
        id2label=names,
        label2id={name: at for at, name in names.items()},
    )
    transformers.ResNetForImageClassification(config).eval().save_pretrained(path)
    (path / "preprocessor_config.json").write_text(
        '{"crop_pct": 0.875, "size": 224, "resample": 3, "do_normalize": true, "do_resize": true,'
        ' "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}'
    )
    return path


def test_a_folder_of_transformers(tmp_path: Path) -> None:
    classifier = ImageClassifier(resnet(tmp_path), TransformersOptions())
    result = classifier.write(CAT, lambda: False)
    assert result is not None
    assert {score.label for score in result.scores} == {"fog", "sun", "rain"}
    assert math.isclose(sum(score.score for score in result.scores), 1.0, rel_tol=1e-5)
    assert classifier.write(CAT, lambda: True) is None


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    real = folder("efficientnet-lite0")
    for name in ("model.safetensors", "preprocessor_config.json"):
        (tmp_path / name).write_bytes((real / name).read_bytes())
    text = (real / "config.json").read_text()
    (tmp_path / "config.json").write_text(text.replace('"channels": 320', '"channels": 160'))
    with pytest.raises(OSError, match="do not fit"):
        ImageClassifier(tmp_path, TransformersOptions())
    (tmp_path / "config.json").write_text(text.replace('"blocks": 4', '"blocks": 5'))
    with pytest.raises(OSError, match=r"do not fit|lack"):
        ImageClassifier(tmp_path, TransformersOptions())
