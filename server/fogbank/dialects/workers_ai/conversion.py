"""Documents into Markdown: what REST's tomarkdown and the binding's toMarkdown have in common."""

import asyncio
import uuid
from typing import Any

from fogbank import errors
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.documents.converter import Converted, Converter, Document
from fogbank.documents.formats import READ
from fogbank.documents.options import Options, read_options
from fogbank.errors import AIError
from fogbank.runtime.admission import Admission, Refused
from fogbank.runtime.context import Context
from fogbank.settings import Settings

MAX_FILES = 20
AT_ONCE, WAITING = 4, 32
"""Requests that convert, and that wait for it; their files are in memory."""
TOO_MUCH = "The answers to this request are too long together; send this file in one of its own."
MAX_ANSWERED = 16_000_000
"""Characters of all answers to a request, which are in memory too."""
CHARACTERS_PER_TOKEN = 4
"""An estimate: no model is named in the request whose tokens could be counted."""


class Conversion:
    """Converts the documents of requests. `schema` is that of `conversionOptions`."""

    def __init__(self, settings: Settings, schema: InputSchema) -> None:
        self._schema = schema
        self._converter = Converter(settings.markdown_seconds)
        self._admission = Admission(AT_ONCE, WAITING)
        self._retry_after = 1 if settings.retry_after else None

    def options(self, given: Any) -> Options:
        """Those of a request. Raises AIError (5006) for an option of a wrong type."""
        if found := self._schema.validate(given):
            raise AIError(errors.BAD_INPUT, detail=describe(found))
        return read_options(given)

    async def entries(
        self, documents: list[Document], options: Options, context: Context
    ) -> list[dict[str, Any]]:
        """An entry for each document, one after the other. Raises AIError."""
        try:
            async with self._admission.permit(), asyncio.timeout(context.deadline):
                result, room = [], MAX_ANSWERED
                for one in documents:
                    converted = await self._converter.convert(one, options)
                    if len(converted.text) > room:
                        converted = Converted(converted.mime_type, error=TOO_MUCH)
                    room -= len(converted.text)
                    result.append(entry(one.name, converted, options))
                return result
        except Refused:
            raise AIError(errors.CAPACITY, retry_after=self._retry_after) from None
        except TimeoutError:
            raise AIError(errors.TIMEOUT) from None


def entry(name: str, converted: Converted, options: Options) -> dict[str, Any]:
    """One entry of `result`; a file that cannot be converted is an entry too."""
    common = {"id": str(uuid.uuid4()), "name": name, "mimeType": converted.mime_type}
    if converted.error:
        return {**common, "format": "error", "error": converted.error}
    tokens = -(-len(converted.text) // CHARACTERS_PER_TOKEN)
    return {**common, "format": options.form, "tokens": tokens, "data": converted.text}


def formats() -> list[dict[str, str]]:
    """Every extension that is read here, with its MIME type."""
    return [{"extension": it.extension, "mimeType": it.mime_type} for it in READ]
