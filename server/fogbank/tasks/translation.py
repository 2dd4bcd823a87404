"""Translation: a text and two languages in, the text in the other language out."""

from dataclasses import dataclass

from fogbank.tasks.usage import Usage


@dataclass(frozen=True, slots=True)
class TranslationRequest:
    """Languages are ISO 639-1 codes, such as "en"."""

    text: str
    source_lang: str
    target_lang: str


@dataclass(frozen=True, slots=True)
class TranslationResult:
    """The translated text."""

    text: str
    usage: Usage
