"""Translation: `{text, source_lang, target_lang}` in, `{translated_text}` out (contract 4).

Languages come as codes (`en`) or as English names (`english`), in any case: the schema speaks of
the one, older examples send the other. `model_configs/languages.yaml` has both.
"""

from functools import cache
from typing import Any

import yaml

from fogbank import errors
from fogbank.catalog.card import Card, SamplingDefaults
from fogbank.dialects.workers_ai.forms.body import Body
from fogbank.errors import AIError
from fogbank.settings import package_data
from fogbank.tasks import TranslationRequest, TranslationResult


def parse(card: Card, body: Body, defaults: SamplingDefaults) -> TranslationRequest:
    """The text and its languages. Raises AIError for a language that has no such name."""
    source = body.get("source_lang", "en")
    return TranslationRequest(
        body["text"], _code("source_lang", source), _code("target_lang", body["target_lang"])
    )


def render(card: Card, request: TranslationRequest, outcome: TranslationResult) -> dict[str, Any]:
    """The text in the other language."""
    return {"translated_text": outcome.text}


def _code(key: str, value: str) -> str:
    code = _codes().get(value.strip().lower())
    if code is None:
        named = ", ".join(f"{code} ({names[0]})" for code, names in languages().items())
        raise AIError(
            errors.INVALID_INPUT,
            detail=f"'{key}' is no language known here; name it by its code or its English name: "
            + named,
        )
    return code


@cache
def languages() -> dict[str, list[str]]:
    """ISO 639 codes and the English names of each language, in small letters."""
    text = (package_data() / "languages.yaml").read_text(encoding="utf-8")
    table: dict[str, list[str]] = yaml.safe_load(text)
    return table


@cache
def _codes() -> dict[str, str]:
    named = {name: code for code, names in languages().items() for name in names}
    return named | {code: code for code in languages()}
