import threading
from typing import Any

import pytest

from fogbank.engines.base import EngineRefused, EngineTooLong
from fogbank.engines.chat_template import CHARACTERS_PER_TOKEN, ON_THE_LOOP, ChatTemplate
from fogbank.tasks.text_generation import Message, TextGenerationRequest

pytestmark = pytest.mark.anyio


class Tokenizer:
    """One token per character; token 1 begins a text."""

    def __init__(self, roles: tuple[str, ...] = ("system", "user", "assistant", "tool")) -> None:
        self.chat_template: str | None = "a template"
        self.roles = roles
        self.thread = ""

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        self.thread = threading.current_thread().name
        text.encode()
        return [1] * add_special_tokens + [ord(character) for character in text]

    def apply_chat_template(
        self, messages: list[dict[str, Any]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str:
        assert not tokenize
        assert add_generation_prompt
        for message in messages:
            if message["role"] not in self.roles:
                raise RuntimeError(f"no role {message['role']}")
        return "".join(f"<{m['role']}>{m['content']}" for m in messages) + "<assistant>"


def text(ids: list[int]) -> str:
    return "".join(map(chr, ids))


def request(*messages: tuple[str, str]) -> TextGenerationRequest:
    return TextGenerationRequest(
        messages=tuple(Message(role=role, content=content) for role, content in messages)
    )


def test_messages_go_through_the_template_without_further_special_tokens() -> None:
    template = ChatTemplate(Tokenizer())
    ids = template.encode_now(request(("system", "Be."), ("user", "Hi")))
    assert text(ids) == "<system>Be.<user>Hi<assistant>"


def test_a_prompt_is_one_turn_of_the_user() -> None:
    ids = ChatTemplate(Tokenizer()).encode_now(TextGenerationRequest(prompt="Hi"))
    assert text(ids) == "<user>Hi<assistant>"


def test_a_raw_prompt_is_taken_as_it_is() -> None:
    ids = ChatTemplate(Tokenizer()).encode_now(TextGenerationRequest(prompt="Hi", raw=True))
    assert ids == [1, ord("H"), ord("i")]


def test_weights_without_a_template_take_a_prompt_and_no_messages() -> None:
    tokenizer = Tokenizer()
    tokenizer.chat_template = None
    template = ChatTemplate(tokenizer)
    assert template.encode_now(TextGenerationRequest(prompt="Hi"))[0] == 1
    with pytest.raises(EngineRefused, match="no chat template"):
        template.encode_now(request(("user", "Hi")))


@pytest.mark.parametrize("role", ["tool", "function", "developer"])
def test_a_role_that_the_template_does_not_know_becomes_the_users(role: str) -> None:
    template = ChatTemplate(Tokenizer(roles=("user", "assistant")))
    ids = template.encode_now(request(("user", "Hi"), ("assistant", "?"), (role, "42")))
    assert text(ids) == "<user>Hi<assistant>?<user>42<assistant>"


def test_a_role_that_the_template_knows_is_kept() -> None:
    tokenizer = Tokenizer()
    tokenizer.chat_template = "a template for tools"
    assert "<tool>42" in text(ChatTemplate(tokenizer).encode_now(request(("tool", "42"))))


@pytest.mark.parametrize("messages", [[("system", "Be.")], [("system", "Be."), ("tool", "42")]])
def test_what_a_template_refuses_is_refused_with_its_words(
    messages: list[tuple[str, str]],
) -> None:
    template = ChatTemplate(Tokenizer(roles=("assistant",)))
    with pytest.raises(EngineRefused, match=r"no role (system|user)"):
        template.encode_now(request(*messages))


def test_no_messages_are_refused() -> None:
    with pytest.raises(EngineRefused, match="empty"):
        ChatTemplate(Tokenizer()).encode_now(TextGenerationRequest(messages=()))


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(EngineRefused, match="cannot be tokenised"):
        ChatTemplate(Tokenizer()).encode_now(TextGenerationRequest(prompt="\ud800"))


async def test_short_prompts_stay_on_the_loop_and_long_ones_leave_it() -> None:
    tokenizer = Tokenizer()
    template = ChatTemplate(tokenizer)
    await template.encode(TextGenerationRequest(prompt="x" * ON_THE_LOOP), context_window=0)
    assert tokenizer.thread == threading.current_thread().name
    ids = await template.encode(
        TextGenerationRequest(prompt="x" * (ON_THE_LOOP + 1)), context_window=0
    )
    assert tokenizer.thread.startswith("fogbank-tokenize")
    assert text(ids).count("x") == ON_THE_LOOP + 1
    template.close()


async def test_a_prompt_that_cannot_fit_is_not_read() -> None:
    tokenizer = Tokenizer()
    window = 10
    with pytest.raises(EngineTooLong) as error:
        await ChatTemplate(tokenizer).encode(
            request(("user", "x" * CHARACTERS_PER_TOKEN * window), ("user", "y")),
            context_window=window,
        )
    assert error.value.tokens == (CHARACTERS_PER_TOKEN * window + 1) // 4
    assert tokenizer.thread == ""
