import json
import math
from typing import Any

import jsonschema
import pytest

from fogbank.engines import fake_answers
from fogbank.tasks import Constraint, SpeechRecognitionRequest, TextGenerationRequest


def held(schema: dict[str, Any]) -> str:
    """What the fake engine says under this schema."""
    return fake_answers.constrained(Constraint("json", json.dumps(schema)))


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]},
        {"type": "array", "items": {"type": "boolean"}, "minItems": 2},
        {"type": "string", "minLength": 3},
        {"type": "integer", "minimum": 1.5},
        {"type": "integer", "exclusiveMinimum": 7},
        {"type": "number", "maximum": -2.5},
        {"type": "integer", "exclusiveMaximum": -2},
        {"type": ["null", "string"]},
        {"enum": ["red", "green"]},
        {"const": [1, {"a": None}]},
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"$defs": {"n": {"type": "number"}}, "type": "array", "items": {"$ref": "#/$defs/n"}},
        {"$ref": "#/$defs/p", "$defs": {"p": {"required": ["x"], "properties": {"x": True}}}},
    ],
)
def test_an_instance_is_valid(schema: dict[str, Any]) -> None:
    jsonschema.validate(json.loads(held(schema)), schema)


def test_an_answer_to_a_schema_that_says_nothing_is_an_empty_object() -> None:
    assert held({}) == "{}"


def test_of_a_regular_expression_the_first_choice() -> None:
    constraint = Constraint("regex", r"a\.b|c")
    assert fake_answers.constrained(constraint) == "a.b"
    request = TextGenerationRequest(prompt="x", constraint=constraint)
    assert fake_answers.echo(request) == "a.b"


def test_a_schema_without_end_comes_to_one() -> None:
    schema = {"type": "object", "required": ["self"], "properties": {"self": {"$ref": "#"}}}
    assert held(schema).count("self") < 40


def test_an_unresolvable_reference_is_an_empty_object() -> None:
    assert held({"$ref": "#/$defs/absent/deeper"}) == "{}"


def test_vectors_are_normalised_and_differ_by_text_and_pooling() -> None:
    vector = fake_answers.vector("fog", "mean", 384)
    assert len(vector) == 384
    assert math.isclose(sum(value * value for value in vector), 1.0)
    assert vector == fake_answers.vector("fog", "mean", 384)
    assert vector != fake_answers.vector("fog", "cls", 384)
    assert vector != fake_answers.vector("sun", "mean", 384)


def test_label_scores_sum_to_one() -> None:
    scores = fake_answers.label_scores("fog", ("a", "b", "c"))
    assert [score.label for score in scores] == ["a", "b", "c"]
    assert math.isclose(sum(score.score for score in scores), 1.0)


def test_entities_are_slices_of_the_text() -> None:
    text = "we saw Ada Lovelace in London"
    found = fake_answers.entities(text)
    assert [entity.word for entity in found] == ["Ada Lovelace", "London"]
    assert all(text[entity.start : entity.end] == entity.word for entity in found)


def test_a_role_counts_as_a_word() -> None:
    request = TextGenerationRequest(messages=({"role": "user", "content": "two words"},))
    assert fake_answers.prompt_words(request) == ["user", "two", "words"]


def test_pieces_join_to_the_text() -> None:
    assert "".join(fake_answers.pieces("a bc  d", is_json=False)) == "a bc  d"
    assert "".join(fake_answers.pieces('{"a":[1,2]}', is_json=True)) == '{"a":[1,2]}'


def test_logprobs_are_there_when_asked_for() -> None:
    assert fake_answers.logprobs("fog", None) == ()
    (bare,) = fake_answers.logprobs("fog", 0)
    assert (bare.token, bare.top) == ("fog", ())
    assert bare.logprob < 0
    (ranked,) = fake_answers.logprobs("fog", 3)
    assert ranked.top[0] == ("fog", bare.logprob)
    assert [value for _, value in ranked.top] == sorted((v for _, v in ranked.top), reverse=True)


def test_a_transcription_lasts_as_long_as_its_bytes() -> None:
    request = SpeechRecognitionRequest(audio=bytes(16_000 * 6), prefix="So")
    result = fake_answers.transcription(request)
    assert result == fake_answers.transcription(request)
    assert (result.duration, result.usage.audio_seconds) == (6.0, 6.0)
    assert [len(segment.words) for segment in result.segments] == [5, 1]
    assert result.text.startswith("So word")


def test_image_scores_are_the_best_five() -> None:
    scores = fake_answers.image_scores(b"fog", tuple("abcdefg"))
    numbers = [score.score for score in scores]
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)
    assert scores != fake_answers.image_scores(b"sun", tuple("abcdefg"))
