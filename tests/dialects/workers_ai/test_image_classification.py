"""Image classification on the run route, over a fake engine (contract 4)."""

from typing import Any

import pytest

from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms import image_classification
from fogbank.tasks import (
    ImageClassificationRequest,
    ImageClassificationResult,
    LabelScore,
    Usage,
)
from tests.server import IMAGES, RUN, Running

pytestmark = [pytest.mark.anyio, pytest.mark.contract("4")]

IMAGE = b"\x89PNG and more"


@pytest.mark.contract("1.1")
async def test_every_way_of_sending_an_image(fogbank: Running) -> None:
    raw = await fogbank.client.post(RUN + IMAGES, content=IMAGE)
    numbered = {str(at): number for at, number in enumerate(IMAGE)}
    for image in (list(IMAGE), numbered):
        response = await fogbank.run(IMAGES, {"image": image})
        assert response.json() == raw.json()
    result = raw.json()["result"]
    assert [item.keys() for item in result] == [{"label", "score"}] * 2
    assert result[0]["score"] >= result[1]["score"]
    for request in fogbank.builder.built["images"][-1].requests:
        assert request == ImageClassificationRequest(IMAGE)


@pytest.mark.parametrize(
    ("body", "code"),
    [({}, 5006), ({"image": "AA=="}, 5006), ({"image": [-1]}, 8001), ([1], 5006)],
)
async def test_what_is_refused(fogbank: Running, body: Any, code: int) -> None:
    response = await fogbank.run(IMAGES, body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == code


def test_labels_are_the_first_synonym_in_capitals() -> None:
    card = Card(name=IMAGES, task="Image Classification", input="image-classification")
    request = image_classification.parse(card, {"image": b"x"}, SamplingDefaults())
    scores = [LabelScore("Persian cat", 0.4), LabelScore("feather boa, boa", 0.2)]
    rendered = image_classification.render(
        card, request, ImageClassificationResult(scores, Usage(images=1))
    )
    assert rendered == [
        {"label": "PERSIAN CAT", "score": 0.4},
        {"label": "FEATHER BOA", "score": 0.2},
    ]
