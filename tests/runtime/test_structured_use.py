"""How an answer comes to fit its format (`runtime/structured_use.py`), on the fake engine."""

import json
from contextlib import aclosing
from dataclasses import replace
from hashlib import sha256

import pytest

from fogbank import errors
from fogbank.engines.base import EngineDead, EngineRefused
from fogbank.engines.fake import FakeEngine
from fogbank.errors import AIError
from fogbank.runtime.attempts import ATTEMPTS, FULL, HOTTEST, WARMER
from fogbank.runtime.structured_use import Unmet, prepared
from fogbank.structured.library import Library
from fogbank.structured.narrowing import NO_BOUNDS, Bounds
from fogbank.tasks import (
    ChoiceFormat,
    JsonFormat,
    OutputFormat,
    RegexFormat,
    Usage,
)
from tests.runtime.asking import (
    BACKEND,
    CITY,
    LIBRARY,
    REQUEST,
    RIGHT,
    STORY,
    WRONG,
    ask,
    refused,
    within,
)

pytestmark = pytest.mark.anyio


async def test_an_answer_that_fits_is_verified() -> None:
    asked = await ask(CITY, RIGHT)
    result = await asked.run(replace(REQUEST, output_format=JsonFormat(CITY)))
    assert (result.text, result.finish_reason) == (RIGHT, "stop")
    assert result.usage == Usage(1, len(json.dumps(json.loads(RIGHT)).split()) + 11)
    evidence = result.evidence
    assert evidence is not None
    assert evidence.digest == sha256(json.dumps(CITY, separators=(",", ":")).encode()).hexdigest()
    assert (evidence.backend, evidence.tries) == (BACKEND, 1)
    assert (evidence.closed, evidence.verified, evidence.after) == (False, True, ())
    (request,) = asked.requests
    assert request.output_format is None, "engines look at the constraint alone"
    assert request.prefix == ""
    assert json.loads(asked.constraints[0].text)["properties"]["people"] == {"type": "integer"}


async def test_a_format_that_is_known_takes_no_time() -> None:
    library = Library()
    for known in (False, True):
        use = await prepared(JsonFormat({"const": "known"}), library, BACKEND, NO_BOUNDS)
        engine = FakeEngine("fake", answer=lambda _: '"known"')
        await engine.start()
        evidence = (await use.run(engine, REQUEST)).evidence
        assert evidence is not None
        assert (evidence.compile_ms == 0) is known


async def test_a_wrong_answer_is_made_again_warmer_and_with_another_seed() -> None:
    asked = await ask(CITY, *([WRONG, "no"] * ATTEMPTS)[: ATTEMPTS - 1], RIGHT)
    result = await asked.run()
    assert result.text == RIGHT
    assert result.evidence is not None
    assert result.evidence.tries == ATTEMPTS == len(asked.requests)
    samplings = [each.sampling for each in asked.requests]
    assert [sampling.seed for sampling in samplings] == list(range(7, 7 + ATTEMPTS))
    temperatures = [sampling.temperature for sampling in samplings]
    assert temperatures == [min(0.6 + WARMER * tries, HOTTEST) for tries in range(ATTEMPTS)]


async def test_a_wrong_answer_is_made_again_from_narrower_constraints() -> None:
    asked = await ask(CITY, WRONG)
    with pytest.raises(Unmet):
        await asked.run()
    wide, terse, tersest = (json.loads(each.text) for each in dict.fromkeys(asked.constraints))
    assert list(wide["properties"]) == ["city", "people", "note"]
    for narrow in (terse, tersest):
        assert list(narrow["properties"]) == ["city", "people"]
        assert narrow["additionalProperties"] is False
    lengths = [each["properties"]["city"].get("maxLength") for each in (wide, terse, tersest)]
    assert lengths[0] is None
    assert lengths[1] > lengths[2]


async def test_an_answer_that_is_cut_off_is_made_again_from_narrower_constraints_only() -> None:
    asked = await ask(CITY, RIGHT)
    with pytest.raises(Unmet):
        await asked.run(within(3))
    first, second, *others = asked.constraints
    assert first != second
    assert not {first, second} & set(others)


async def test_without_a_seed_there_is_none_and_what_is_hot_stays_so() -> None:
    asked = await ask(CITY, WRONG, WRONG, RIGHT)
    await asked.run(within(256, temperature=HOTTEST + 0.25))
    assert [each.sampling.seed for each in asked.requests] == [None] * 3
    assert {each.sampling.temperature for each in asked.requests} == {HOTTEST + 0.25}


async def test_answers_that_are_all_wrong_are_an_error_and_what_they_took_is_told() -> None:
    asked = await ask(CITY, WRONG)
    with pytest.raises(Unmet, match="JSON Mode couldn't be met: ") as caught:
        await asked.run()
    assert caught.value.kind is errors.JSON_MODE_FAILED
    assert caught.value.detail == '"many" is not of type "integer"'
    once = await FakeEngine.run(asked.engine, asked.requests[0])
    assert caught.value.usage == Usage(1, once.usage.completion_tokens * ATTEMPTS)
    assert len(asked.requests) == ATTEMPTS + 1


async def test_what_was_spent_on_wrong_answers_is_counted_in_a_right_one() -> None:
    once = (await (await ask(CITY, RIGHT)).run()).usage
    assert (await (await ask(CITY, RIGHT[:-1], RIGHT)).run()).usage == Usage(
        once.prompt_tokens, 2 * once.completion_tokens - 1
    )


async def test_keywords_that_no_engine_follows_are_looked_at_afterwards() -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "uniqueItems": True}
    asked = await ask(schema, "[1,2,2]", "[1,2]")
    evidence = (await asked.run()).evidence
    assert evidence is not None
    assert (evidence.tries, evidence.after) == (2, ("uniqueItems",))


async def test_a_profile_bounds_what_a_small_model_writes() -> None:
    asked = await ask(CITY, RIGHT, bounds=Bounds(length=9))
    await asked.run()
    assert json.loads(asked.constraints[0].text)["properties"]["city"]["maxLength"] == 9


async def test_stop_would_cut_an_answer_in_half() -> None:
    asked = await ask(CITY, RIGHT)
    assert (await asked.run(within(99, stop=(":", "Lisbon")))).text == RIGHT
    assert asked.requests[0].sampling.stop == ()


# Engines that refuse and fail.


async def test_a_constraint_that_the_engine_refuses_gives_way_to_the_next() -> None:
    asked = await ask(CITY, refused, RIGHT)
    result = await asked.run()
    assert result.text == RIGHT
    assert result.evidence is not None
    assert result.evidence.tries == 2
    assert len(set(asked.constraints)) == 2


async def test_an_engine_that_refuses_them_all_is_heard() -> None:
    asked = await ask(CITY, refused)
    with pytest.raises(EngineRefused, match="no such grammar"):
        await asked.run()
    assert len(asked.requests) == len(set(asked.constraints)) == 3
    alone = await ask({"const": 1}, refused)
    with pytest.raises(EngineRefused):
        await alone.run()
    assert len(alone.requests) == 1


async def test_an_engine_that_dies_is_not_asked_again() -> None:
    asked = await ask(CITY, RIGHT)
    asked.engine.fail_next(EngineDead("gone"))
    with pytest.raises(EngineDead):
        await asked.run()
    assert len(asked.requests) == 1


# Streams.


async def test_a_stream_grows_to_the_verified_whole() -> None:
    asked = await ask(CITY, RIGHT)
    *chunks, last = await asked.stream()
    assert "".join(chunk.text for chunk in chunks) == RIGHT
    assert len(chunks) > 5
    assert all(chunk.evidence is None and chunk.finish_reason is None for chunk in chunks)
    counts = [chunk.completion_tokens for chunk in [*chunks, last]]
    assert counts == sorted(counts)
    assert (last.text, last.finish_reason) == ("", "stop")
    assert last.evidence is not None
    assert (last.evidence.tries, last.evidence.closed) == (1, False)
    whole = await asked.run()
    assert last.completion_tokens == whole.usage.completion_tokens
    assert last.evidence.digest == (whole.evidence and whole.evidence.digest)


async def test_a_stream_near_max_tokens_waits_and_is_closed() -> None:
    asked = await ask(CITY, STORY)
    *chunks, last = await asked.stream(within(120))
    text = "".join(chunk.text for chunk in chunks)
    assert json.loads(text)["people"] == 5
    assert (last.finish_reason, last.completion_tokens) == ("stop", 120)
    assert last.evidence is not None
    assert last.evidence.closed
    before = [chunk for chunk in chunks if chunk.completion_tokens < 120]
    assert 60 < len(before) < 100, "the last ones come at once"
    assert STORY.startswith("".join(chunk.text for chunk in before))


async def test_a_stream_whose_rest_is_missing_goes_on_to_its_end() -> None:
    text = '{"city":"' + "so it goes on and on " * 20
    asked = await ask(CITY, text, lambda request: '","people":7}')
    *chunks, last = await asked.stream(within(120))
    whole = "".join(chunk.text for chunk in chunks)
    assert json.loads(whole)["people"] == 7
    assert whole == asked.requests[1].prefix + '","people":7}'
    assert asked.constraints[1].kind == "lark"
    assert last.completion_tokens == 120 + 8
    assert last.evidence is not None
    assert last.evidence.closed


async def test_a_stream_that_ends_well_near_max_tokens_is_whole() -> None:
    tokens = (await (await ask(CITY, RIGHT)).run()).usage.completion_tokens
    *chunks, last = await (await ask(CITY, RIGHT)).stream(within(tokens))
    assert "".join(chunk.text for chunk in chunks) == RIGHT
    assert last.evidence is not None
    assert not last.evidence.closed


@pytest.mark.parametrize(
    ("answer", "max_tokens", "told"),
    [
        (WRONG, 256, '"many" is not of type "integer"'),
        (RIGHT, 3, "max_tokens"),
        ("no", 256, "it is not JSON"),
    ],
)
async def test_a_stream_that_does_not_fit_ends_in_an_error(
    answer: str, max_tokens: int, told: str
) -> None:
    asked = await ask(CITY, answer)
    with pytest.raises(Unmet, match=told) as caught:
        await asked.stream(within(max_tokens))
    assert caught.value.kind is errors.JSON_MODE_FAILED
    assert caught.value.usage.completion_tokens >= 1
    assert len(asked.requests) == 1, "what was sent cannot be taken back"


async def test_leaving_a_stream_frees_the_engine() -> None:
    asked = await ask(CITY, RIGHT)
    async with aclosing(asked.use.stream(asked.engine, REQUEST)) as chunks:
        assert (await anext(chunks)).text == "{"
        assert asked.engine.running == 1
    assert (asked.engine.running, asked.engine.aborted) == (0, 1)


# Other formats than JSON.


@pytest.mark.parametrize(
    ("asked", "right", "wrong"),
    [
        (RegexFormat(r"\d{4}-\d{2}"), "2026-08", "2026-08-01"),
        (RegexFormat(r"[a-z]+|\p{Lu}+"), "ÄÖ", "a1"),
        (ChoiceFormat(("yes", "no", "don't know")), "don't know", "yes no"),
        (ChoiceFormat(("a.b",)), "a.b", "axb"),
    ],
)
async def test_a_regular_expression_or_a_choice_is_verified(
    asked: OutputFormat, right: str, wrong: str
) -> None:
    held = await ask(asked, wrong, right)
    result = await held.run()
    assert (result.text, result.finish_reason) == (right, "stop")
    assert result.evidence is not None
    assert (result.evidence.tries, result.evidence.closed) == (2, False)
    assert {constraint.kind for constraint in held.constraints} == {"regex"}
    with pytest.raises(Unmet):
        await (await ask(asked, wrong)).run()
    *chunks, last = await (await ask(asked, right)).stream()
    assert "".join(chunk.text for chunk in chunks) == right
    assert last.evidence is not None
    with pytest.raises(Unmet):
        await (await ask(asked, wrong)).stream()


@pytest.mark.parametrize("asked", [RegexFormat(r"(a )+b"), ChoiceFormat(("a a a a b",))])
async def test_a_regular_expression_or_a_choice_is_never_closed(asked: OutputFormat) -> None:
    held = await ask(asked, "a a a a b")
    with pytest.raises(Unmet, match=r"max_tokens \(4\)"):
        await held.run(within(4))
    assert len(held.requests) == FULL
    with pytest.raises(Unmet, match=r"max_tokens \(4\)"):
        await held.stream(within(4))


async def test_a_stream_of_a_choice_does_not_wait() -> None:
    *chunks, _ = await (await ask(ChoiceFormat(("a a a b",)), "a a a b")).stream(within(7))
    assert [chunk.text for chunk in chunks] == list("a a a b")


# Formats that cannot be used.


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (JsonFormat({"type": "text"}), 'the JSON schema is no JSON Schema: "text"'),
        (JsonFormat({"minLength": 30_000}), "the JSON schema asks for 'minLength' of more than"),
        (JsonFormat({"enum": list(range(6_000))}), "the JSON schema has an 'enum' of more than"),
        (JsonFormat({"pattern": "a" * 3_000}), "the JSON schema has a 'pattern' of more than"),
        (JsonFormat([1]), "the JSON schema is neither an object nor true or false"),
        (JsonFormat(False), "the JSON schema allows no value"),
        (JsonFormat({"$ref": "https://example.com/x"}), "https://example.com/x"),
        (RegexFormat("("), "the regex "),
        (RegexFormat("(?=a)b"), "the regex "),
        (ChoiceFormat(()), "the choice needs 1 to 1000 choices"),
        (ChoiceFormat(("a", "")), "the choice has an empty choice"),
    ],
    ids=str,
)
async def test_a_format_that_cannot_be_used_is_invalid_input(
    asked: OutputFormat, told: str
) -> None:
    for _ in range(2):  # the second time it is known
        with pytest.raises(AIError, match="8001: Invalid input: ") as caught:
            await prepared(asked, LIBRARY, BACKEND, NO_BOUNDS)
        assert caught.value.kind is errors.INVALID_INPUT
        assert told in str(caught.value)
        assert len(str(caught.value)) < 400
