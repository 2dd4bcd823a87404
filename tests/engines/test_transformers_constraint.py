import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest

from fogbank.engines import transformers as transformers_engine
from fogbank.engines.base import EngineRefused
from fogbank.engines.transformers import TransformersEngine
from fogbank.engines.transformers_constraint import Constrainer
from fogbank.tasks import (
    SUMMARIZATION,
    TEXT_GENERATION,
    Constraint,
    Sampling,
    TextGenerationRequest,
    TextGenerationResult,
)
from tests.engines import tiny_models

pytestmark = [pytest.mark.anyio, pytest.mark.engine]

END = 1
SEEDS = range(6)
LARK_BOOLEAN = 'start: "{" x "}"\nx: %json {"type":"boolean"}'
SCHEMAS: list[dict[str, Any]] = [
    {"enum": ["fog", "bank", 3, None]},
    {"type": "integer", "minimum": -7, "maximum": 120},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 2},
    {
        "type": "object",
        "properties": {"a": {"enum": ["x", "y"]}, "b": {"type": "boolean"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.decoder(tmp_path_factory.mktemp("models") / "llama")


@pytest.fixture
async def engine(folder: Path) -> AsyncIterator[TransformersEngine]:
    engine = TransformersEngine("tiny", folder, task=TEXT_GENERATION)
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
def constrainer(folder: Path) -> Constrainer:
    """Of a model with two ends of text: the tokenizer's, and the letter `z`."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    model = AutoModelForCausalLM.from_pretrained(str(folder))
    return Constrainer(model, tokenizer, frozenset([END, *letters(folder, "z")]))


def letters(folder: Path, text: str) -> list[int]:
    from transformers import AutoTokenizer

    ids = AutoTokenizer.from_pretrained(str(folder)).encode(text, add_special_tokens=False)
    return [int(token) for token in ids]


def ask(
    kind: Literal["json", "regex", "lark"], text: str, prefix: str = "", **sampling: Any
) -> TextGenerationRequest:
    return TextGenerationRequest(
        prompt="fog",
        raw=True,
        sampling=Sampling(**{"temperature": 1.0, "max_tokens": 40, **sampling}),
        constraint=Constraint(kind, text),
        prefix=prefix,
    )


def compact(schema: dict[str, Any]) -> str:
    return json.dumps({**schema, "x-guidance": {"whitespace_flexible": False}})


async def answer(
    engine: TransformersEngine, request: TextGenerationRequest
) -> TextGenerationResult:
    result = await engine.run(request)
    assert isinstance(result, TextGenerationResult)
    return result


@pytest.mark.parametrize("schema", SCHEMAS, ids=lambda schema: str(schema.get("type", "enum")))
async def test_json_is_valid_and_compact(
    engine: TransformersEngine, schema: dict[str, Any]
) -> None:
    for seed in SEEDS:
        result = await answer(engine, ask("json", compact(schema), seed=seed))
        value = json.loads(result.text)
        jsonschema.validate(value, schema)
        assert result.text == json.dumps(value, separators=(",", ":"))
        assert result.finish_reason == "stop"


async def test_a_regex_matches_the_whole_text(engine: TransformersEngine) -> None:
    texts = set()
    for seed in SEEDS:
        result = await answer(engine, ask("regex", "[a-c]{3}", seed=seed))
        assert re.fullmatch("[a-c]{3}", result.text)
        assert (result.finish_reason, result.usage.completion_tokens) == ("stop", 4)
        texts.add(result.text)
    assert len(texts) > 1


async def test_a_lark_grammar_may_hold_json(engine: TransformersEngine) -> None:
    for seed in SEEDS:
        result = await answer(engine, ask("lark", LARK_BOOLEAN, seed=seed))
        assert result.text in ("{true}", "{false}")
        assert result.finish_reason == "stop"


async def test_every_kind_also_greedily(engine: TransformersEngine) -> None:
    result = await answer(engine, ask("json", compact(SCHEMAS[3]), temperature=0.0))
    jsonschema.validate(json.loads(result.text), SCHEMAS[3])
    result = await answer(engine, ask("lark", LARK_BOOLEAN, temperature=0.0))
    assert result.text in ("{true}", "{false}")


async def test_max_tokens_cuts(engine: TransformersEngine) -> None:
    result = await answer(engine, ask("regex", "[a-c]{9}", max_tokens=4))
    assert re.fullmatch("[a-c]{4}", result.text)
    assert result.finish_reason == "length"


async def test_a_stop_string_ends_a_constrained_answer(engine: TransformersEngine) -> None:
    result = await answer(engine, ask("regex", "abcabc", stop=("ca",)))
    assert (result.text, result.finish_reason) == ("ab", "stop")


async def test_penalties_allow_nothing_more(engine: TransformersEngine) -> None:
    more: dict[str, Any] = {
        "repetition_penalty": 1.9,
        "presence_penalty": 2.0,
        "frequency_penalty": 2.0,
    }
    for seed in SEEDS:
        request = ask("regex", "(ab){8}", seed=seed, top_p=0.9, top_k=5, **more)
        assert (await answer(engine, request)).text == "ab" * 8


async def test_an_answer_continues_its_prefix(engine: TransformersEngine) -> None:
    result = await answer(engine, ask("lark", 'start: x "}"\nx: %json {"enum":[12]}', '{"a":'))
    assert result.text == "12}"
    assert result.usage.prompt_tokens == len("fog" + '{"a":')


async def test_a_prefix_is_read_as_the_end_of_the_prompt(engine: TransformersEngine) -> None:
    def free(prompt: str, prefix: str) -> TextGenerationRequest:
        sampling = Sampling(temperature=0.0, max_tokens=12)
        return TextGenerationRequest(prompt=prompt, raw=True, prefix=prefix, sampling=sampling)

    assert await answer(engine, free("a fog", "")) == await answer(engine, free("a ", "fog"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("lark", "start: ((("),
        ("lark", ""),
        ("regex", "["),
        ("json", '{"type":3}'),
        ("json", "{nope"),
        ("json", '{"type":"string","pattern":"(?=a)b"}'),
    ],
)
async def test_what_cannot_be_compiled_is_refused(
    engine: TransformersEngine, kind: Literal["json", "regex", "lark"], text: str
) -> None:
    with pytest.raises(EngineRefused, match=r"the constraint is refused: ."):
        await engine.run(ask(kind, text))
    assert (await answer(engine, ask("regex", "ab"))).text == "ab"


async def test_a_closed_stream_makes_room(engine: TransformersEngine) -> None:
    async with aclosing(engine.stream(ask("regex", "[a-c]+"))) as stream:
        await anext(stream)
        assert engine.running == 1
    assert engine.running == 0
    assert (await answer(engine, ask("regex", "ab"))).text == "ab"


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fails where a file is written to a cache of the libraries."""
    for name in ("HOME", "XDG_CACHE_HOME", "OUTLINES_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    yield
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("caches")
async def test_no_file_is_written(engine: TransformersEngine) -> None:
    for kind, text in (("json", '{"type":"boolean"}'), ("regex", "ab"), ("lark", LARK_BOOLEAN)):
        await engine.run(ask(kind, text))  # type: ignore[arg-type]
    from outlines import caching

    assert caching._caching_enabled is False


async def test_what_is_not_installed_is_said(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (engine.backend, engine.continues) == ("llguidance", True)
    monkeypatch.setattr(transformers_engine, "installed", lambda: False)
    assert engine.backend is None
    with pytest.raises(EngineRefused, match="needs outlines and llguidance"):
        await engine.run(ask("regex", "ab"))


def test_other_tasks_have_no_backend(folder: Path) -> None:
    engine = TransformersEngine("tiny", folder, task=SUMMARIZATION)
    assert (engine.backend, engine.continues) == (None, False)


def allowed(logits: Any) -> list[int]:
    return [int(at) for at in (logits > float("-inf")).nonzero().flatten()]


def test_every_end_is_allowed_when_the_text_is_whole(
    constrainer: Constrainer, folder: Path
) -> None:
    import torch

    a, b, z = letters(folder, "abz")
    mask = constrainer.mask(Constraint("regex", "[a-z]b?"))
    first = allowed(mask.apply(torch.zeros(300), 5))
    assert len(first) == 25
    assert z not in first
    assert allowed(mask.apply(torch.zeros(300), a)) == sorted([END, b, z])
    assert allowed(mask.apply(torch.zeros(300), b)) == sorted([END, z])


def test_logits_may_be_wider_or_narrower_than_the_vocabulary(
    constrainer: Constrainer, folder: Path
) -> None:
    import torch

    (tilde,) = letters(folder, "~")
    for width in (tilde + 1, 258, 259, 288, 289, 400):
        mask = constrainer.mask(Constraint("regex", "~"))
        assert allowed(mask.apply(torch.randn(width), 5)) == [tilde]
    with pytest.raises(EngineRefused, match="no token"):
        constrainer.mask(Constraint("regex", "~")).apply(torch.zeros(tilde), 5)


def test_a_token_that_does_not_fit_is_an_error(constrainer: Constrainer, folder: Path) -> None:
    import torch

    mask = constrainer.mask(Constraint("regex", "abc"))
    mask.apply(torch.zeros(300), 5)
    with pytest.raises(EngineRefused, match="doesn't satisfy the grammar"):
        mask.apply(torch.zeros(300), letters(folder, "b")[0])


@pytest.mark.parametrize(
    ("kind", "text", "error"),
    [
        ("regex", "((a{1,200}){1,200}b?){1,200}", "lexer error"),
        ("lark", 'start: x{1,3000}\nx: "a" | "a" x', "Parser Error"),
    ],
)
def test_what_takes_too_much_to_follow_is_an_error(
    constrainer: Constrainer, folder: Path, kind: Literal["regex", "lark"], text: str, error: str
) -> None:
    import torch

    mask = constrainer.mask(Constraint(kind, text))
    (a,) = letters(folder, "a")
    with pytest.raises(EngineRefused, match=error) as caught:
        for _ in range(100):
            assert a in allowed(mask.apply(torch.zeros(300), a))
    assert "<state>" not in str(caught.value)
