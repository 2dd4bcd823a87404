"""Words of a text, with their places and a rough stem, for comparing a question with a sentence."""

import re
from dataclasses import dataclass

_WORD = re.compile(r"\w+(?:[-'’&.,/]\w+)*|[^\w\s]")
_ENDINGS = ("ations", "ation", "ments", "ment", "ings", "ing", "ies", "ied", "ed", "es", "s", "e")
_IRREGULAR = {
    word: base
    for base, words in {
        "begin": "began begun",
        "bring": "brought",
        "build": "built",
        "buy": "bought",
        "cut": "cutting",
        "fall": "fell fallen",
        "find": "found",
        "get": "got",
        "give": "gave given",
        "grow": "grew grown growth",
        "hold": "held",
        "keep": "kept",
        "lead": "led",
        "lend": "lent",
        "lose": "lost loss losses",
        "make": "made",
        "mean": "meant",
        "meet": "met",
        "pay": "paid payment",
        "rise": "rose risen",
        "run": "ran",
        "say": "said",
        "sell": "sold sale sales",
        "send": "sent",
        "spend": "spent",
        "take": "took taken",
        "win": "won",
        "write": "wrote written",
    }.items()
    for word in words.split()
}
_FUNCTION_WORDS = """
    a an the this that these those it its he she they them their his her we our you your i my
    who whom whose which what when where why how and or but nor so as at by for from in into of
    off on onto out over per than through to toward towards under until up via with within
    without about above after against among around before behind below between beyond during
    near since because although though while if whether then there here not no only also very
    too most more much many some any all both each few such am is are was were be been being do
    does did done has have had having will would can could may might must shall should
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class Word:
    """`text[start:end]` of the text that was read; punctuation is a word too."""

    text: str
    start: int
    end: int

    @property
    def is_word(self) -> bool:
        """Whether it is more than punctuation."""
        return self.text[0].isalnum() or self.text[0] == "_"

    @property
    def is_content(self) -> bool:
        """Whether it says something by itself."""
        return self.is_word and self.text.lower() not in FUNCTION_WORDS

    @property
    def stem(self) -> str:
        """What its forms have in common, in small letters."""
        return stem(self.text)


def words(text: str, start: int = 0) -> list[Word]:
    """The words of a text that itself begins at `start` of another."""
    return [Word(m[0], start + m.start(), start + m.end()) for m in _WORD.finditer(text)]


def stem(word: str) -> str:
    """A rough stem: enough to see that "connected" and "connect" are one word."""
    lower = word.lower().removesuffix("'s").removesuffix("’s")
    lower = _IRREGULAR.get(lower, lower)
    for ending in _ENDINGS:
        if lower.endswith(ending) and len(lower) - len(ending) >= 3:
            return lower[: -len(ending)]
    return lower
