"""The special tokens of a Whisper model, and its text tokens as words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fogbank.engines.base import EngineRefused

_UNSPACED = {"zh", "ja", "th", "lo", "my", "yue"}
_AFTER = frozenset("\"'.。,，!！?？:：”)]}、")
TOKENS_PER_SECOND = 50
"""Of timestamps: the first one is 0.00 s, the next 0.02 s."""


@dataclass(frozen=True, slots=True)
class TextWord:
    """A word with the punctuation at it, and how many tokens it has."""

    text: str
    tokens: int


class Vocabulary:
    """Read from the folder's tokenizer.json and the model's generation config."""

    def __init__(self, folder: Path, generation: Any) -> None:
        import tokenizers

        self._tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.end: int = generation.eos_token_id
        self.start: int = generation.decoder_start_token_id
        self.no_timestamps: int = generation.no_timestamps_token_id
        self.previous = self._id("<|startofprev|>")
        self.no_speech = self._id("<|nospeech|>", "<|nocaptions|>")
        self.first_time = self.no_timestamps + 1
        self.suppressed: list[int] = list(generation.suppress_tokens or ())
        self.suppressed_first: list[int] = list(generation.begin_suppress_tokens or ())
        self.latest_first_time: int = getattr(generation, "max_initial_timestamp_index", None) or 50
        self.multilingual = bool(getattr(generation, "is_multilingual", False))
        named = getattr(generation, "lang_to_id", None) if self.multilingual else None
        self.languages: dict[str, int] = {
            text.strip("<|>"): number for text, number in (named or {}).items()
        }
        self._tasks: dict[str, int] = getattr(generation, "task_to_id", None) or {}

    def _id(self, *names: str) -> int | None:
        for name in names:
            if (found := self._tokenizer.token_to_id(name)) is not None:
                return int(found)
        return None

    def encode(self, text: str) -> list[int]:
        """Tokens of plain text; what looks like a special token in it is left out."""
        ids: list[int] = self._tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids
        return [number for number in ids if number < self.end]

    def decode(self, ids: list[int]) -> str:
        """The text of the text tokens among them."""
        return str(self._tokenizer.decode([number for number in ids if number < self.end]))

    def check(self, language: str | None, task: str) -> None:
        """Raises EngineRefused for a language or a task that these weights do not have."""
        if not self.multilingual:
            if language not in (None, "en"):
                raise EngineRefused(
                    f"this model knows English only, 'language' says {language!r}: leave it out"
                    " or send 'en'"
                )
            if task != "transcribe":
                raise EngineRefused("this model knows English only and does not translate")
        elif language is not None and language not in self.languages:
            known = ", ".join(sorted(self.languages))
            raise EngineRefused(f"'language' {language!r} is not known; known are {known}")

    def opening(self, language: str, task: str) -> list[int]:
        """What every answer begins with."""
        if not self.multilingual:
            return [self.start]
        return [self.start, self.languages[language], self._tasks[task]]

    def words(self, ids: list[int], language: str) -> list[TextWord]:
        """The words of text tokens in order, punctuation joined to them; no token is lost.

        Languages that put no spaces between words give characters.
        """
        found: list[TextWord] = []
        for piece in self._characters(ids):
            if language in _UNSPACED:
                joins = set(piece.text.strip()) <= _AFTER
            else:
                joins = not piece.text.startswith(" ")
            if found and joins:
                last = found.pop()
                piece = TextWord(last.text + piece.text, last.tokens + piece.tokens)
            found.append(piece)
        return found

    def _characters(self, ids: list[int]) -> list[TextWord]:
        """Tokens, joined where a character is spread over several."""
        found: list[TextWord] = []
        begin = 0
        for at in range(1, len(ids) + 1):
            text = str(self._tokenizer.decode(ids[begin:at]))
            if "\ufffd" not in text or at == len(ids):
                found.append(TextWord(text, at - begin))
                begin = at
        return found
