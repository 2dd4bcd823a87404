"""What every compatible route does before it answers."""

import threading

import pytest

from fogbank.dialects import intake
from fogbank.dialects.openai.chat import ChatCompletions
from fogbank.dialects.openai.endpoint import Ask
from fogbank.dialects.openai.generation import Wanted
from tests.dialects.openai.test_chat import chat
from tests.server import Running

pytestmark = [pytest.mark.anyio, pytest.mark.contract("1.6")]


async def test_a_large_body_is_read_off_the_loop(
    fogbank: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else everybody's stream stops for as long as it takes."""
    on_the_loop = []

    def read(endpoint: ChatCompletions, ask: Ask) -> Wanted:
        on_the_loop.append(threading.current_thread() is threading.main_thread())
        return original(endpoint, ask)

    original = ChatCompletions.read
    monkeypatch.setattr(ChatCompletions, "read", read)
    await chat(fogbank)
    await chat(fogbank, ignored="a" * intake.LARGE)
    assert on_the_loop == [True, False]
