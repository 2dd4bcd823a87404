"""What becomes of an answer in a given form that `max_tokens` cuts off, on the fake engine."""

import json

import pytest

from fogbank import errors
from fogbank.engines.fake import FakeEngine
from fogbank.runtime.attempts import FULL
from fogbank.runtime.structured_use import Unmet
from fogbank.tasks import (
    JsonFormat,
    TextGenerationRequest,
    Usage,
)
from tests.runtime.asking import (
    BACKEND,
    CITY,
    RIGHT,
    STORY,
    ask,
    refused,
    within,
)

pytestmark = pytest.mark.anyio


async def test_a_text_that_max_tokens_cuts_is_closed() -> None:
    asked = await ask(CITY, STORY)
    result = await asked.run(within(40))
    value = json.loads(result.text)
    assert value["people"] == 5
    assert STORY.startswith(result.text[:-2])
    assert value["city"].split()[-1] in ("so", "it", "goes", "on", "and"), "not within a word"
    assert result.finish_reason == "stop"
    assert result.evidence is not None
    assert (result.evidence.closed, result.evidence.tries) == (True, 1)
    assert result.usage.completion_tokens == 40
    assert len(asked.requests) == 1


async def test_lists_and_objects_that_max_tokens_cuts_are_closed() -> None:
    row = {"type": "object", "properties": {"a": {"type": "boolean"}}, "required": ["a"]}
    schema = {"type": "object", "properties": {"rows": {"type": "array", "items": row}}}
    asked = await ask(schema, '{"rows":[' + '{"a":true},' * 99)
    result = await asked.run(within(50))
    rows = json.loads(result.text)["rows"]
    assert 3 < len(rows) < 9
    assert rows == [{"a": True}] * len(rows)
    assert result.finish_reason == "stop"
    assert result.evidence is not None
    assert result.evidence.closed


async def test_what_is_missing_is_written_by_the_model_in_short() -> None:
    text = '{"city":"' + "so it goes on and on " * 20

    def rest(request: TextGenerationRequest) -> str:
        assert text.startswith(request.prefix)
        return '","people":7}'

    asked = await ask(CITY, text, rest)
    result = await asked.run(within(60, seed=7, stop=("people",), logprobs=1))
    first, second = asked.requests
    assert (first.prefix, asked.constraints[0].kind) == ("", "json")
    assert asked.constraints[1].kind == "lark"
    assert asked.constraints[1].text.startswith('start: "\\"" ",\\"people\\":" v0 "}"\nv0: %json ')
    assert result.text == second.prefix + '","people":7}'
    assert second.sampling.max_tokens < 60
    assert (second.sampling.seed, second.sampling.stop) == (7, ())
    assert second.sampling.logprobs is None
    assert json.loads(result.text)["people"] == 7
    assert result.finish_reason == "stop"
    assert result.evidence is not None
    assert (result.evidence.closed, result.evidence.tries) == (True, 1)
    assert result.usage.completion_tokens == 60 + 8, "of both"


async def test_an_ending_that_is_wrong_is_a_wrong_answer() -> None:
    text = '{"city":"' + "so it goes on and on " * 20
    asked = await ask(CITY, text, '","people":"few"}', RIGHT)
    result = await asked.run(within(60))
    assert result.text == RIGHT
    assert result.evidence is not None
    assert (result.evidence.closed, result.evidence.tries) == (False, 2)


@pytest.mark.parametrize("cut", [False, True])
async def test_an_ending_that_does_not_come_about_is_an_answer_cut_off(cut: bool) -> None:
    text = '{"city":"' + "so it goes on and on " * 20

    def rest(request: TextGenerationRequest) -> str:
        if request.prefix:
            return " and on" * 99 if cut else refused(request)
        return text

    asked = await ask(CITY, rest)
    with pytest.raises(Unmet, match=r"max_tokens \(60\) ended the answer first"):
        await asked.run(within(60))
    assert len(asked.requests) == 2 * FULL


async def test_an_answer_that_cannot_be_closed_is_an_error_that_tells_what_is_needed() -> None:
    asked = await ask(CITY, RIGHT)
    told = r"max_tokens \(3\) .* the shortest that fits has about 2. characters, 7 tokens"
    with pytest.raises(Unmet, match=told) as caught:
        await asked.run(within(3))
    assert caught.value.kind is errors.JSON_MODE_FAILED
    assert caught.value.usage == Usage(1, 3 * FULL)


async def test_what_will_never_fit_into_max_tokens_is_not_tried_again() -> None:
    schema = {"type": "string", "minLength": 500}
    asked = await ask(schema, '"' + "x " * 500)
    with pytest.raises(Unmet, match="about 502 characters, 167 tokens"):
        await asked.run(within(20))
    assert len(asked.requests) == 1


class Ending(FakeEngine):
    """Cannot go on from a text."""

    @property
    def continues(self) -> bool:
        return False


@pytest.mark.parametrize(("backend", "kind"), [("xgrammar", FakeEngine), (BACKEND, Ending)])
async def test_without_grammars_what_is_written_can_still_be_closed(
    backend: str, kind: type[FakeEngine]
) -> None:
    asked = await ask(CITY, STORY, backend=backend, kind=kind)
    result = await asked.run(within(40))
    assert json.loads(result.text)["people"] == 5
    missing = await ask(CITY, '{"city":"' + "a b " * 99, backend=backend, kind=kind)
    with pytest.raises(Unmet, match="max_tokens"):
        await missing.run(within(40))
    assert not any(request.prefix for request in [*asked.requests, *missing.requests])


async def test_an_answer_that_just_fits_is_not_closed() -> None:
    tokens = (await (await ask(CITY, RIGHT)).run()).usage.completion_tokens
    result = await (await ask(CITY, RIGHT)).run(within(tokens))
    assert result.evidence is not None
    assert not result.evidence.closed


async def test_any_json_is_an_object_or_a_list_and_is_closed() -> None:
    result = await (await ask(JsonFormat(), '{"a":["b c d e f g h ')).run(within(10))
    assert isinstance(json.loads(result.text), dict)
    for wrong in ("7", '"a"', "null"):
        with pytest.raises(Unmet):
            await (await ask(JsonFormat(), wrong)).run()
