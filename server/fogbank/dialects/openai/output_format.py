"""What an answer must be, as OpenAI's bodies say it, and vLLM's.

`response_format` is OpenAI's. `structured_outputs` is vLLM's, and an extension here; so are its
older names, of which langchain-cloudflare writes `guided_json`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from fogbank import errors
from fogbank.catalog.card import Card
from fogbank.dialects import structured_output
from fogbank.dialects.openai.fields import Body, FieldError, refused
from fogbank.dialects.structured_output import unwrapped
from fogbank.errors import AIError
from fogbank.tasks import ChoiceFormat, OutputFormat, RegexFormat

KINDS = ("json", "json_object", "regex", "choice")
OLDER_NAMES = {"guided_json": "json", "guided_regex": "regex", "guided_choice": "choice"}
WAYS = ("response_format", "structured_outputs", *OLDER_NAMES)
REFUSED = {
    "grammar": "an answer is verified after it was written, and by a grammar it cannot be;"
    " 'json', 'regex' and 'choice' are served",
    "structural_tag": "the whole answer is held to a form, not parts of it; 'tools' or"
    " 'json' are served",
    "disable_additional_properties": 'write "additionalProperties": false into the schema',
    "whitespace_pattern": "JSON is written without white space",
}
"""Fields of `structured_outputs` that ask for another answer than would come."""

ABOUT_THE_FORM = ("the JSON schema", "the regex", "the choice")
"""How details of the runtime begin that are about nothing but the form."""


@dataclass(frozen=True, slots=True)
class Form:
    """What an answer must be, if anything but text, and the field that says so."""

    wanted: OutputFormat | None = None
    param: str | None = None

    @contextmanager
    def blamed(self) -> Iterator[None]:
        """Errors of the runtime that are about the form name its field."""
        try:
            yield
        except AIError as error:
            bad = error.kind is errors.INVALID_INPUT and not isinstance(error, FieldError)
            told = str(error.values.get("detail", "")).startswith(ABOUT_THE_FORM)
            if self.param is None or not bad or not told:
                raise
            raise FieldError(self.param, error.kind, **error.values) from error


def form_of(card: Card, body: Body) -> Form:
    """The form that a body asks for.

    Raises FieldError for two forms and for one that is none, AIError for a card without JSON mode.
    """
    given = [name for name in WAYS if name in body]
    if body.get("response_format", {}).get("type") == "text":
        given.remove("response_format")
    if len(given) > 1:
        detail = f"'{given[0]}' and '{given[1]}' both say what the answer must be; give one of them"
        raise refused(given[1], detail)
    if not given:
        return Form()
    (name,) = given
    value = body[name]
    if name == "response_format":
        schema = unwrapped(value.get("json_schema", {}))
        return json_form(card, value["type"], schema, name)
    if name == "structured_outputs":
        kind = _kind(value)
        return Form(_of_kind(card, kind, value[kind], f"{name}.{kind}"), name)
    return Form(_of_kind(card, OLDER_NAMES[name], value, name), name)


def json_form(card: Card, kind: str, schema: Any, param: str) -> Form:
    """JSON mode as OpenAI words it: `kind` is json_schema or json_object. Raises as `form_of`."""
    with _named(param):
        wanted = structured_output.json_format(card, kind, schema)
    return Form(wanted, param) if wanted else Form()


def _kind(value: Body) -> str:
    for name, reason in REFUSED.items():
        if value.get(name):
            raise refused(f"structured_outputs.{name}", f"'{name}' is not served here: {reason}")
    kinds = [name for name in KINDS if name in value]
    if value.get("json_object") is False:
        kinds.remove("json_object")
    if len(kinds) != 1:
        got = " and ".join(f"'{name}'" for name in kinds) or "none"
        known = ", ".join(f"'{name}'" for name in KINDS)
        detail = f"'structured_outputs' takes exactly one of {known}, not {got}"
        raise refused("structured_outputs", detail)
    return kinds[0]


def _of_kind(card: Card, kind: str, value: Any, param: str) -> OutputFormat | None:
    match kind:
        case "regex":
            return RegexFormat(value)
        case "choice":
            if len(set(value)) != len(value):
                raise refused(param, "the choices must be different; one is there twice")
            return ChoiceFormat(tuple(value))
        case "json_object":
            return structured_output.json_format(card, kind)
    with _named(param):
        return structured_output.json_format(card, "json_schema", _read(value, param))


def _read(schema: Any, param: str) -> Any:
    """A schema; vLLM also takes it as text."""
    if not isinstance(schema, str):
        return schema
    try:
        return orjson.loads(schema)
    except orjson.JSONDecodeError as error:
        raise refused(param, f"the JSON schema is not JSON: {error}") from None


@contextmanager
def _named(param: str) -> Iterator[None]:
    try:
        yield
    except AIError as error:
        if error.kind is not errors.INVALID_INPUT or isinstance(error, FieldError):
            raise
        raise FieldError(param, error.kind, **error.values) from error
