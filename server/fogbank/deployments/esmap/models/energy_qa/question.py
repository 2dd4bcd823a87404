"""What a question asks for, by its form."""

import re
from dataclasses import dataclass
from enum import StrEnum

from fogbank.deployments.esmap.models.energy_qa.words import Word, stem, words


class Kind(StrEnum):
    """What an answer must be. The value is what it is compared with by its meaning."""

    AMOUNT = "an amount"
    DATE = "a date or a year"
    NAME = "a person or an organisation"
    PLACE = "a place"
    REASON = "a reason"
    MANNER = "a way to do something"
    THING = "a thing"


_FORMS: tuple[tuple[Kind, str], ...] = (
    (Kind.REASON, r"\bwhy\b|\bwhat (?:is|was) the (?:reason|cause)|\bfor what reason"),
    (Kind.DATE, r"\bwhen\b|\b(?:what|which) (?:year|month|date|day|decade)\b|\bby when\b"),
    (
        Kind.AMOUNT,
        r"\bhow (?:much|many|long|large|big|high|tall|deep|far|old|fast|wide|heavy|often|thick|hot"
        r"|expensive|strong)\b|\b(?:what|which) (?:\w+ )?(?:percentage|percent|share|proportion"
        r"|fraction|amount|number|capacity|price|cost|size|height|length|speed|rate|efficiency"
        r"|temperature|budget|tariff)\b"
        r"|\bwhat (?:is|was|are|were|would be|will be) (?:the|its|their)"
        r" (?:\w+ ){0,2}?(?:capacity|price|cost|share|percentage|number|amount|size|height|length"
        r"|speed|rate|efficiency|temperature|output|budget|tariff|depth|weight|area|value)\b"
        r"|\bwhat (?:did|does|do|will|would) .{1,60} (?:cost|pay|weigh)\??$",
    ),
    (Kind.PLACE, r"\bwhere\b|\b(?:what|which) (?:country|city|town|state|region|place|continent"
        r"|province|island|river|sea|village|district)\b"),
    (
        Kind.NAME,
        r"\bwho(?:se|m)?\b|\b(?:what|which) (?:\w+ )?(?:company|firm|organi[sz]ation|agency|bank"
        r"|ministry|utility|university|institute|institution|operator|person|minister|association"
        r"|developer|manufacturer|regulator|government|team)\b",
    ),
    (Kind.MANNER, r"\bhow\b"),
)  # fmt: skip
_PATTERNS = tuple((kind, re.compile(form, re.I)) for kind, form in _FORMS)

_DIMENSIONS: tuple[tuple[str, str], ...] = (
    ("share", r"percent(?:age)?|share|proportion|fraction|efficiency|rate"),
    ("money", r"costs?|prices?|pays?|paid|money|invest\w*|funds?|funding|loan|lend|lent|grants?"
        r"|budget|spend|spent|tariff|expensive|tax|subsid\w+|bills?|cheap\w*"),
    ("time", r"how long|how old|(?:years|months|weeks|days|hours|minutes) "),
    ("length", r"how (?:long|far|tall|high|deep|wide|thick)|length|height|depth|distance"),
    ("power", r"capacity|power|how (?:large|big)|solar|wind|size"),
    ("energy", r"electricity|energy|generat\w+|consum\w+|output|heat|stor\w+"),
    ("mass", r"emi(?:t|ssions?)|CO2|carbon|methane|weigh\w*|heavy|tonnes"),
    ("volume", r"water|oil|gas|litres|barrels"),
)  # fmt: skip
_ONLY = frozenset({"share", "money", "time", "length"})
"""Of these the first that a question names is meant: "how much does power cost" asks for money."""
_HINTS = tuple((name, re.compile(rf"\b(?:{form})\b", re.I)) for name, form in _DIMENSIONS)
_ASKED = re.compile(r"\b(?:which|what|how many|how much)\s+([a-z-]+)\b", re.I)
_AUXILIARIES = "do does did is are was were has have had will would can could may might should must"
_AUXILIARY = frozenset(_AUXILIARIES.split())
_SUBJECT = re.compile(r"^\W*(?:who|what|(?:which|what|how many)\s+\w+)\s+(\w+)", re.I)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, read. `stems` are its content words; `sharp` those that are names or numbers.

    `asked` is what the answer is like, in words; `dimensions` what an amount may measure; `counted`
    the stem of what is counted; `subject` whether the answer does what the question says.
    """

    text: str
    kind: Kind
    asked: str
    stems: tuple[str, ...]
    sharp: frozenset[str]
    dimensions: frozenset[str]
    counted: str | None
    subject: bool


def read_question(text: str) -> Question:
    """Reads the form of an English question; of anything else the answer may be a THING."""
    kind = next((kind for kind, form in _PATTERNS if form.search(text)), Kind.THING)
    found = [word for word in words(text) if word.is_content]
    head = _ASKED.search(text)
    noun = head[1].lower() if head and head[1].lower() not in _AUXILIARY else None
    counted = stem(noun) if noun and re.search(r"\bhow many\b", text, re.I) else None
    after = _SUBJECT.match(text)
    named = [name for name, hint in _HINTS if hint.search(text)]
    dimensions = named[:1] if named and named[0] in _ONLY else named
    return Question(
        text=text,
        kind=kind,
        asked=noun if noun and kind in (Kind.THING, Kind.PLACE, Kind.NAME) else kind.value,
        stems=tuple(dict.fromkeys(word.stem for word in found)),
        sharp=frozenset(word.stem for word in found if _is_sharp(word, text)),
        dimensions=frozenset(dimensions if kind is Kind.AMOUNT else ()),
        counted=counted,
        subject=after is not None and after[1].lower() not in _AUXILIARY,
    )


def _is_sharp(word: Word, text: str) -> bool:
    return word.text[0].isdigit() or (word.text[0].isupper() and bool(text[: word.start].strip()))
