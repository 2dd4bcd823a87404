"""energy-qa and policy-impact on the embedded profile's real models, through the HTTP interface."""

from typing import Any

import httpx2
import pytest

from fogbank.deployments.esmap.card import load_cards
from fogbank.deployments.esmap.models.energy_qa.model import ABSENT
from fogbank.deployments.esmap.models.policy_impact import DIRECTIONS, IMPACTS
from fogbank.deployments.esmap.registry.golden import mismatches
from fogbank.settings import package_data
from tests.deployments.esmap.texts import TEXTS

pytestmark = [pytest.mark.anyio, pytest.mark.engine]


async def infer(web: httpx2.AsyncClient, model: str, **input: Any) -> dict[str, Any]:
    """The inner result of an inference that must not be a fallback."""
    response = await web.post("/esmap/inference", json={"modelId": model, "input": input})
    body = response.json()
    assert response.status_code == 200, body
    assert "error" not in body["result"], body
    inner: dict[str, Any] = body["result"]["result"]
    return inner


async def test_questions_on_five_texts(web: httpx2.AsyncClient) -> None:
    wrong = []
    for text in TEXTS:
        for question, words in text.questions:
            found = await infer(web, "energy-qa", question=question, context=text.text)
            if words not in found["answer"]:
                wrong.append((question, words, found["answer"]))
            elif found["answer"] != text.text[found["start"] : found["end"]]:
                wrong.append((question, "its own span", found))
        none = await infer(web, "energy-qa", question=text.unanswered, context=text.text)
        if (none["answer"], none["start"], none["end"]) != (ABSENT, None, None):
            wrong.append((text.unanswered, ABSENT, none["answer"]))
    assert not wrong


async def test_the_example_and_the_golden_inputs_of_the_card_are_true(
    web: httpx2.AsyncClient,
) -> None:
    card = load_cards(package_data())["energy-qa"]
    for golden in card.golden:
        assert mismatches(golden, await infer(web, "energy-qa", **golden.input)) == []
    found = await infer(web, "energy-qa", **card.example_input)
    assert found == {**card.example_output, "confidence": pytest.approx(found["confidence"])}
    assert found["confidence"] == pytest.approx(card.example_output["confidence"], abs=0.02)


async def test_impacts_of_a_policy(web: httpx2.AsyncClient) -> None:
    prompt = "Close all coal power plants and build solar parks instead."
    found = await infer(web, "policy-impact", prompt=prompt, maxTokens=25)
    assert set(found) == {"text", "tokens_used", "impacts"}
    assert list(found["impacts"]) == list(IMPACTS)
    for impact in found["impacts"].values():
        assert impact["direction"] in DIRECTIONS
        assert len(impact["rationale"].split()) >= 3
        assert len(impact["rationale"]) <= 121
    said = str(found).lower()
    assert any(word in said for word in ("energy", "coal", "solar", "power", "environment"))
    assert len(found["text"]) <= 101
    assert 100 < found["tokens_used"] < 500
