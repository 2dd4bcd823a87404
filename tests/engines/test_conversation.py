"""Conversations with tools, for templates of both kinds."""

from typing import Any

import pytest

from fogbank.engines.base import EngineRefused
from fogbank.engines.chat_template import ChatTemplate
from fogbank.engines.conversation import Turns, characters
from fogbank.tasks import Message, TextGenerationRequest, Tool, ToolCall

TOOL = Tool("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})
CALL = ToolCall("abcdefghi", "add", '{"a":1}')
TALK = TextGenerationRequest(
    messages=(
        Message(role="system", content="Be brief."),
        Message(role="user", content="1?"),
        Message(role="assistant", content="", tool_calls=[CALL]),
        Message(role="tool", content="2", name="add", tool_call_id="abcdefghi"),
        Message(role="tool", content="3"),
    ),
    tools=(TOOL,),
)


class Tokenizer:
    """Keeps what its template is given; refuses turns of roles that it does not have."""

    def __init__(self, template: str, roles: str = "system user assistant tool") -> None:
        self.chat_template = template
        self.roles = roles.split()
        self.turns: Turns = []
        self.tools: Any = None

    def encode(self, text: str, *, add_special_tokens: bool) -> list[int]:
        return [1]

    def apply_chat_template(self, turns: Turns, *, tools: Any = None, **_: Any) -> str:
        for turn in turns:
            if turn["role"] not in self.roles:
                raise RuntimeError(f"no role {turn['role']}")
        self.turns, self.tools = turns, tools
        return "text"


def rendered(request: TextGenerationRequest, *template: str) -> Tokenizer:
    tokenizer = Tokenizer(*template)
    ChatTemplate(tokenizer).encode_now(request)
    return tokenizer


@pytest.mark.contract("5.4")
def test_a_template_that_knows_tools_is_given_them_in_openais_form() -> None:
    given = rendered(TALK, "{% for t in tools %}")
    function = {"name": "add", "description": "Adds.", "parameters": TOOL.parameters}
    assert given.tools == [{"type": "function", "function": function}]
    assert given.turns[2]["tool_calls"] == [
        {"id": "abcdefghi", "type": "function", "function": {"name": "add", "arguments": {"a": 1}}}
    ]
    assert given.turns[3] == {
        "role": "tool",
        "content": "2",
        "name": "add",
        "tool_call_id": "abcdefghi",
    }


def test_the_old_role_function_is_the_role_tool() -> None:
    talk = TextGenerationRequest(
        messages=(
            Message(role="user", content="1?"),
            Message(role="function", content="2", name="add"),
        )
    )
    assert [turn["role"] for turn in rendered(talk, "tools").turns] == ["user", "tool"]
    plain = rendered(talk, "a template").turns
    assert plain == [{"role": "user", "content": "1?\n\nadd returned: 2"}]


@pytest.mark.contract("5.4")
def test_a_template_that_does_not_know_them_is_given_text() -> None:
    given = rendered(TALK, "a template")
    assert given.tools is None
    system, user, assistant, result = given.turns
    assert '{"name":"add","description":"Adds."' in system["content"]
    assert system["content"].endswith("\n\nBe brief.")
    assert user == {"role": "user", "content": "1?"}
    assert assistant == {"role": "assistant", "content": '{"name": "add", "parameters": {"a":1}}'}
    assert result == {"role": "user", "content": "add returned: 2\n\n3"}


def test_without_a_system_role_the_first_user_is_told() -> None:
    first = rendered(TALK, "a template", "user assistant").turns[0]
    assert first["role"] == "user"
    assert first["content"].endswith("\n\nBe brief.\n\n1?")
    system = TextGenerationRequest(messages=(Message(role="system", content="Be."),))
    assert rendered(system, "a template", "user").turns == [{"role": "user", "content": "Be."}]


def test_a_template_that_refuses_tools_after_all_is_given_text() -> None:
    class OneCall(Tokenizer):
        def apply_chat_template(self, turns: Turns, *, tools: Any = None, **more: Any) -> str:
            if any("tool_calls" in turn for turn in turns):
                raise RuntimeError("only one call at once")
            return super().apply_chat_template(turns, tools=tools, **more)

    tokenizer = OneCall("tools")
    ChatTemplate(tokenizer).encode_now(TALK)
    assert tokenizer.turns[2]["content"].startswith('{"name": "add"')


def test_a_template_that_takes_nothing_refuses_in_its_first_words() -> None:
    with pytest.raises(EngineRefused, match="no role system"):
        rendered(TALK, "tools", "assistant")


def test_tools_count_as_text() -> None:
    assert characters(TALK) > characters(TextGenerationRequest(messages=TALK.messages)) + 50
