"""Token classification: one text in, the named entities in it out (decisions.md 7)."""

from dataclasses import dataclass

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class TokenClassificationRequest:
    """One text; what exceeds the model's window is cut off at its end."""

    text: str


@dataclass(frozen=True, slots=True)
class Entity:
    """A span `text[start:end]` (code points) of type `entity_group`; `word` is that very slice."""

    entity_group: str
    word: str
    score: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class TokenClassificationResult:
    """The entities in the order of the text; none overlap."""

    entities: list[Entity]
    usage: Usage
