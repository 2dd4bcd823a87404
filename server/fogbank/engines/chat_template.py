"""From a conversation to token ids: chat template and tokenizer of a Hugging Face folder."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from fogbank.engines import conversation
from fogbank.engines.base import EngineRefused, EngineTooLong
from fogbank.engines.conversation import Turns
from fogbank.engines.imports import LOADING
from fogbank.tasks import TextGenerationRequest

ON_THE_LOOP = 2_000
"""Characters up to which a prompt is tokenised on the event loop; more goes to a thread
(32 prompts of 4,000 characters stall the loop for 118 ms, one of 400,000 for 500 ms)."""

CHARACTERS_PER_TOKEN = 32
"""No text has more on average; one with more per token of the context window is refused unread."""


class ChatTemplate:
    """A tokenizer with its chat template. `load` is the way to make one.

    Weights without a template take a `prompt` as it is, and no `messages`.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        # The Rust tokenizer may be used by several threads at once; its Python wrapper may not.
        self._encoder = getattr(tokenizer, "backend_tokenizer", None)
        template = getattr(tokenizer, "chat_template", None)
        self._has_template = bool(template)
        self._knows_tools = "tools" in str(template)
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="fogbank-tokenize")

    @classmethod
    def load(cls, folder: Path) -> "ChatTemplate":
        """Reads the tokenizer of `folder`. Blocks for a second or so: call it in a thread."""
        with LOADING:
            from transformers import AutoTokenizer

            return cls(AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False))

    @property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers."""
        return self._tokenizer

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def encode(self, request: TextGenerationRequest, *, context_window: int) -> list[int]:
        """Token ids of the prompt; they may still be more than `context_window`.

        Raises EngineTooLong, without a look at it, for a text that cannot fit (a window of 0 sets
        no limit), and EngineRefused for a conversation that the template does not take.
        """
        characters = conversation.characters(request)
        if context_window and characters > CHARACTERS_PER_TOKEN * context_window:
            raise EngineTooLong(characters // 4)
        if characters <= ON_THE_LOOP:
            return self.encode_now(request)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self.encode_now, request)

    def encode_now(self, request: TextGenerationRequest) -> list[int]:
        """The same without a limit, in this thread."""
        if request.prompt is not None and (request.raw or not self._has_template):
            return self._ids(request.prompt, special=True)
        return self._ids(self._render(request), special=False)

    def continued(self, text: str) -> list[int]:
        """Token ids of a text that goes on from another."""
        return self._ids(text, special=False)

    def _ids(self, text: str, *, special: bool) -> list[int]:
        """`special` adds the tokens that begin a text; a template writes them itself."""
        try:
            if self._encoder is not None:
                return list(self._encoder.encode(text, add_special_tokens=special).ids)
            return list(self._tokenizer.encode(text, add_special_tokens=special))
        except (TypeError, ValueError) as error:
            raise EngineRefused(f"the text cannot be tokenised: {error}") from error

    def _render(self, request: TextGenerationRequest) -> str:
        if not self._has_template:
            raise EngineRefused(
                "this model has no chat template: send `prompt` instead of `messages`"
            )
        if not conversation.turns(request):
            raise EngineRefused("`messages` is empty")
        refusal: Exception | None = None
        for turns, tools in self._ways(request):
            try:
                return self._apply(turns, tools)
            except Exception as error:
                # A template is a program from the model's folder (run in a sandbox): it may raise
                # anything.
                refusal = refusal or error
        raise EngineRefused(f"the chat template refuses the messages: {refusal}") from refusal

    def _ways(
        self, request: TextGenerationRequest
    ) -> Iterator[tuple[Turns, list[dict[str, Any]] | None]]:
        """The conversation as the template should know it, then with less and less asked of it."""
        messages, tools = conversation.turns(request), request.tools
        if self._knows_tools or not (tools or conversation.about_tools(messages)):
            yield conversation.native(messages), conversation.functions(tools) or None
        folded = conversation.folded(messages, tools)
        yield folded, None
        yield conversation.without_system(folded), None

    def _apply(self, turns: Turns, tools: list[dict[str, Any]] | None) -> str:
        more = {"tools": tools} if tools else {}
        return str(
            self._tokenizer.apply_chat_template(
                turns, tokenize=False, add_generation_prompt=True, **more
            )
        )
