"""`POST .../ai/tomarkdown` and `GET .../ai/tomarkdown/supported` (contract 1.5)."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Iterable
from typing import Any

import orjson
from starlette.datastructures import FormData, Headers, QueryParams, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.dialects import intake
from fogbank.dialects.asgi import ClientGone, send_json, while_connected
from fogbank.dialects.exchange import exchange
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.api import ACCOUNTS, Body, api_routes, check_account
from fogbank.dialects.workers_ai.run import envelope, send_error
from fogbank.dialects.workers_ai.validation import describe
from fogbank.documents.converter import Converted, Converter, Document
from fogbank.documents.formats import READ
from fogbank.documents.options import Options, read_options
from fogbank.errors import AIError, RouteError
from fogbank.runtime.admission import Admission, Refused
from fogbank.runtime.context import Context

PATH = ACCOUNTS + "/ai/tomarkdown"
FILES = ("files", "files[]")
OPTIONS = "conversionOptions"
MAX_FILES = 20
AT_ONCE, WAITING = 4, 32
"""Requests that convert, and that wait for it; their files are in memory."""
TOO_MUCH = "The answers to this request are too long together; send this file in one of its own."
MAX_ANSWERED = 16_000_000
"""Characters of all answers to a request, which are in memory too."""
CHARACTERS_PER_TOKEN = 4
"""An estimate: no model is named in the request whose tokens could be counted."""


def markdown_routes(services: Services) -> Iterable[Route]:
    """The two routes."""
    endpoint = ToMarkdown(services)
    yield from api_routes(services, PATH + "/supported", supported)
    yield route(PATH, endpoint, "POST")
    yield route(PATH + "/", endpoint, "POST")


def supported(scope: Scope, query: QueryParams) -> Body:
    """Every extension that is read here, with its MIME type."""
    return envelope([{"extension": it.extension, "mimeType": it.mime_type} for it in READ])


class ToMarkdown:
    """The conversion route as an ASGI application."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._schema = services.schemas["markdown-options"]
        self._converter = Converter(services.settings.markdown_seconds)
        self._admission = Admission(AT_ONCE, WAITING)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._services.settings)

        async def work() -> None:
            with self._services.runtime.metrics.refusals():
                check_account(scope)
                body = await intake.body(scope, receive, self._services.settings)
                documents, options = await self._read(Headers(scope=scope), body)
            headers = [(b"cf-ai-req-id", context.request_id.encode())]

            async def answer() -> None:
                result = await self._converted(documents, options, context)
                await send_json(send, 200, envelope(result), headers)

            if not await while_connected(receive, answer()):
                raise ClientGone

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        await exchange(context, scope["path"], work(), refuse)

    async def _read(self, headers: Headers, body: bytes) -> tuple[list[Document], Options]:
        """The files and options of a form. Raises AIError."""
        form = await _form(headers, body)
        try:
            files = [item for key, item in form.multi_items() if key in FILES]
            documents = [
                Document(_whole(item.filename), item.content_type or "", await item.read())
                for item in files
                if isinstance(item, UploadFile)
            ]
            if not documents:
                raise AIError(errors.MISSING_BODY, what="a file in the form field 'files'")
            return documents, self._options(form.get(OPTIONS))
        finally:
            await form.close()

    def _options(self, text: Any) -> Options:
        """Raises AIError (5006) for what is no JSON object, or has an option of a wrong type."""
        if text is None or text == "":
            return Options()
        if isinstance(text, UploadFile):
            raise AIError(errors.BAD_INPUT, detail=f"Error: {OPTIONS} is text, not a file")
        try:
            given = orjson.loads(text)
        except orjson.JSONDecodeError:
            raise AIError(errors.BAD_INPUT, detail=f"Error: {OPTIONS} is not JSON") from None
        if found := self._schema.validate(given):
            raise AIError(errors.BAD_INPUT, detail=describe(found))
        return read_options(given)

    async def _converted(
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
                    result.append(item(one.name, converted, options))
                return result
        except Refused:
            retry_after = 1 if self._services.settings.retry_after else None
            raise AIError(errors.CAPACITY, retry_after=retry_after) from None
        except TimeoutError:
            raise AIError(errors.TIMEOUT) from None


def item(name: str, converted: Converted, options: Options) -> dict[str, Any]:
    """One entry of `result`; a file that cannot be converted is an entry too."""
    common = {"id": str(uuid.uuid4()), "name": name, "mimeType": converted.mime_type}
    if converted.error:
        return {**common, "format": "error", "error": converted.error}
    tokens = -(-len(converted.text) // CHARACTERS_PER_TOKEN)
    return {**common, "format": options.form, "tokens": tokens, "data": converted.text}


async def _form(headers: Headers, body: bytes) -> FormData:
    if not headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise AIError(errors.MISSING_BODY, what="a body of type multipart/form-data")

    async def whole() -> AsyncGenerator[bytes]:
        yield body

    try:
        return await MultiPartParser(headers, whole(), max_files=MAX_FILES).parse()
    except (MultiPartException, LookupError, ValueError) as error:
        raise AIError(errors.BAD_INPUT, detail=f"Error: the form cannot be read: {error}") from None


def _whole(name: str | None) -> str:
    """A file's name without halves of characters, which a form's `charset` can make."""
    return (name or "").encode("utf-8", "replace").decode()
