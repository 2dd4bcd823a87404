"""The impacts of a policy, by a language model whose answer is held to a JSON schema.

One generation gives everything: for each kind of impact the reason and then its direction, so that
the direction follows from a reason, and last a text about all three. The text is last because it is
what `maxTokens` may cut short.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fogbank import errors
from fogbank.deployments.esmap.call import Call
from fogbank.deployments.esmap.card import ModelCard
from fogbank.deployments.esmap.model import File, InvalidInput, check_length, text_of
from fogbank.errors import AIError
from fogbank.tasks import (
    JsonFormat,
    Message,
    Sampling,
    TextGenerationRequest,
    TextGenerationResult,
)

IMPACTS = ("economic", "environmental", "social")
DIRECTIONS = ("positive", "negative", "mixed", "neutral")
CHARACTERS_PER_TOKEN = 4
_SENTENCES = re.compile(r".*[.!?](?=\s|$)", re.S)


class Example(BaseModel):
    """A policy and its assessment, as the language model is to write it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str
    answer: dict[str, Any]


class Config(BaseModel):
    """`config` of the card."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(description="A text generation model of the runtime.")
    instructions: str = Field(min_length=1, description="The system message.")
    example: Example = Field(description="Shown to the model before each policy.")
    default_tokens: int = Field(ge=1, description="`maxTokens` of a request without.")
    most_tokens: int = Field(ge=1, description="The largest `maxTokens`.")
    rationale_length: int = Field(ge=1, description="Characters of a rationale at most.")
    impact_tokens: int = Field(ge=1, description="Room for the three impacts, in tokens.")
    temperature: float = Field(0.0, ge=0, le=5)
    repetition_penalty: float | None = Field(None, gt=0, le=2)


class PolicyImpact:
    """Text and three impacts."""

    def __init__(self, card: ModelCard, config: Config) -> None:
        self._card = card
        self._config = config
        assessed = orjson.dumps(config.example.answer).decode()
        self._before = (
            Message(role="system", content=config.instructions),
            Message(role="user", content=config.example.prompt),
            Message(role="assistant", content=assessed),
        )

    def check(self, input: Any, options: Mapping[str, Any]) -> None:
        check_length(text_of(input, "prompt"), self._card)
        self._max_tokens(input)

    async def infer(
        self, input: dict[str, Any], options: Mapping[str, Any], call: Call
    ) -> dict[str, Any]:
        config, tokens = self._config, self._max_tokens(input)
        request = TextGenerationRequest(
            messages=(*self._before, Message(role="user", content=input["prompt"])),
            sampling=Sampling(
                max_tokens=config.impact_tokens + tokens,
                temperature=config.temperature,
                repetition_penalty=config.repetition_penalty,
            ),
            output_format=JsonFormat(schema(config.rationale_length, tokens)),
        )
        try:
            answer = await call.run(config.model, request)
        except AIError as error:
            if error.kind is errors.CONTEXT_WINDOW:  # few characters can be many tokens
                raise InvalidInput("Text exceeds maximum length") from error
            raise
        assert isinstance(answer.result, TextGenerationResult)
        written: dict[str, Any] = orjson.loads(answer.result.text)
        usage = answer.result.usage
        return {
            "text": ended(written["text"], CHARACTERS_PER_TOKEN * tokens),
            "tokens_used": usage.prompt_tokens + usage.completion_tokens,
            "impacts": {
                name: {
                    "direction": written[name]["direction"],
                    "rationale": ended(written[name]["rationale"], config.rationale_length),
                }
                for name in IMPACTS
            },
        }

    def _max_tokens(self, input: Any) -> int:
        given = input.get("maxTokens")
        if given is None:
            return self._config.default_tokens
        most = self._config.most_tokens
        whole = isinstance(given, int | float) and not isinstance(given, bool) and given % 1 == 0
        if not whole or not 1 <= given <= most:
            raise InvalidInput(f"maxTokens must be an integer from 1 to {most}")
        return int(given)


def schema(rationale_length: int, tokens: int) -> dict[str, Any]:
    """What the language model is held to; the text has `tokens` tokens of four characters."""
    impact = {
        "type": "object",
        "properties": {
            "rationale": {"type": "string", "minLength": 1, "maxLength": rationale_length},
            "direction": {"enum": list(DIRECTIONS)},
        },
        "required": ["rationale", "direction"],
        "additionalProperties": False,
    }
    text = {"type": "string", "minLength": 1, "maxLength": CHARACTERS_PER_TOKEN * tokens}
    return {
        "type": "object",
        "properties": {**dict.fromkeys(IMPACTS, impact), "text": text},
        "required": [*IMPACTS, "text"],
        "additionalProperties": False,
    }


def ended(text: str, limit: int) -> str:
    """The text; one that fills its limit was cut there, so only its whole sentences or words."""
    if len(text) < limit:
        return text.strip()
    if sentences := _SENTENCES.match(text):
        return sentences[0].strip()
    whole, blank, _ = text.rpartition(" ")
    return f"{whole.rstrip(' ,;:')}…" if blank else text.strip()


def build(card: ModelCard, config: Mapping[str, Any], file: File) -> PolicyImpact:
    """`config` has the fields of `Config`. Raises ValueError."""
    try:
        return PolicyImpact(card, Config.model_validate(dict(config)))
    except ValidationError as error:
        raise ValueError(f"config of {card.id}: {error}") from error
