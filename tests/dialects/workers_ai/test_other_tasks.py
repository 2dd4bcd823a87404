"""The tasks besides text generation (contract 4, decisions.md 7 and 13)."""

import math

import pytest

from fogbank.tasks import TextEmbeddingsRequest
from tests.server import CLASSIFY, EMBED, NER, QA, Running

pytestmark = pytest.mark.anyio


@pytest.mark.contract("4")
async def test_a_single_text_gives_one_row(fogbank: Running) -> None:
    result = (await fogbank.run(EMBED, {"text": "hello"})).json()["result"]
    assert result.keys() == {"shape", "data", "pooling"}
    assert result["shape"] == [1, 384]
    assert [len(row) for row in result["data"]] == [384]
    assert result["pooling"] == "mean"


@pytest.mark.contract("4", "decision 13")
async def test_a_list_gives_a_row_each_in_order(fogbank: Running) -> None:
    body = {"text": ["a", "b", "a"], "pooling": "cls"}
    result = (await fogbank.run(EMBED, body)).json()["result"]
    assert result["shape"] == [3, 384]
    assert result["data"][0] == result["data"][2] != result["data"][1]
    assert result["pooling"] == "cls"
    assert math.isclose(math.hypot(*result["data"][0]), 1, abs_tol=1e-6)
    request = fogbank.builder.built["embed"][-1].requests[-1]
    assert request == TextEmbeddingsRequest(("a", "b", "a"), "cls")


@pytest.mark.contract("2.3", "4")
@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"text": ["x"] * 101}, "Length of '/text' must be <= 100"),
        ({"text": "a", "pooling": "max"}, "enum max not in mean,cls at '/pooling'"),
        ({"text": ["a", None]}, "Type mismatch of '/text/1', 'string' not in 'null'"),
        ({}, "required properties at '/' are 'text', required properties at '/' are 'requests'"),
    ],
)
async def test_embeddings_that_are_refused(fogbank: Running, body: object, part: str) -> None:
    response = await fogbank.run(EMBED, body)
    assert response.status_code == 400
    assert part in response.json()["errors"][0]["message"]


@pytest.mark.contract("2.2", "4")
async def test_no_texts(fogbank: Running) -> None:
    response = await fogbank.run(EMBED, {"text": []})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == 8001


@pytest.mark.contract("1.1", "4", "clients 11")
async def test_classification_is_a_bare_array_of_both_labels(fogbank: Running) -> None:
    result = (await fogbank.run(CLASSIFY, {"text": "fine"})).json()["result"]
    assert [item.keys() for item in result] == [{"label", "score"}] * 2
    assert [item["label"] for item in result] == ["NEGATIVE", "POSITIVE"]
    assert math.isclose(sum(item["score"] for item in result), 1)


@pytest.mark.contract("2.3", "4")
async def test_a_model_of_one_object_names_no_branch(fogbank: Running) -> None:
    response = await fogbank.run(CLASSIFY, {})
    message = response.json()["errors"][0]["message"]
    assert message.startswith("AiError: Bad input: Error: required properties at '/' are 'text' (")


@pytest.mark.contract("decision 7", "clients 11")
async def test_entities_are_a_bare_array(fogbank: Running) -> None:
    text = "see Ada Lovelace in London"
    result = (await fogbank.run(NER, {"text": text})).json()["result"]
    assert [item["word"] for item in result] == ["Ada Lovelace", "London"]
    for item in result:
        assert item.keys() == {"entity_group", "word", "score", "start", "end"}
        assert text[item["start"] : item["end"]] == item["word"]


@pytest.mark.contract("decision 7")
async def test_no_entities(fogbank: Running) -> None:
    assert (await fogbank.run(NER, {"text": "nobody"})).json()["result"] == []


async def test_an_answer_is_a_span_of_the_context(fogbank: Running) -> None:
    context = "In 2023 India had 73 of them."
    result = (await fogbank.run(QA, {"question": "How much?", "context": context})).json()["result"]
    assert result.keys() == {"answer", "score", "start", "end"}
    assert result["answer"] == context[result["start"] : result["end"]] == "73"
    assert 0 < result["score"] <= 1


async def test_no_answer_is_an_empty_one(fogbank: Running) -> None:
    result = (await fogbank.run(QA, {"question": "Who?", "context": "nobody"})).json()["result"]
    assert (result["answer"], result["start"], result["end"]) == ("", 0, 0)


@pytest.mark.contract("1.3")
@pytest.mark.parametrize("model", [EMBED, CLASSIFY, NER])
async def test_only_text_generation_streams(fogbank: Running, model: str) -> None:
    response = await fogbank.run(model, {"text": "a", "stream": True})
    assert response.headers["content-type"] == "application/json"
