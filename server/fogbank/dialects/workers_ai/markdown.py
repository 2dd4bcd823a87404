"""`POST .../ai/tomarkdown` and `GET .../ai/tomarkdown/supported` (contract 1.5)."""

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
from fogbank.dialects.workers_ai.conversion import MAX_FILES, formats
from fogbank.dialects.workers_ai.run import envelope, send_error
from fogbank.documents.converter import Document
from fogbank.documents.options import Options
from fogbank.errors import AIError, RouteError

PATH = ACCOUNTS + "/ai/tomarkdown"
FILES = ("files", "files[]")
OPTIONS = "conversionOptions"


def markdown_routes(services: Services) -> Iterable[Route]:
    """The two routes."""
    endpoint = ToMarkdown(services)
    yield from api_routes(services, PATH + "/supported", supported)
    yield route(PATH, endpoint, "POST")
    yield route(PATH + "/", endpoint, "POST")


def supported(scope: Scope, query: QueryParams) -> Body:
    """Every extension that is read here, with its MIME type."""
    return envelope(formats())


class ToMarkdown:
    """The conversion route as an ASGI application."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._conversion = services.conversion

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = intake.context(scope, self._services.settings)

        async def work() -> None:
            with self._services.runtime.metrics.refusals():
                check_account(scope)
                body = await intake.body(scope, receive, self._services.settings)
                documents, options = await self._read(Headers(scope=scope), body)
            headers = [(b"cf-ai-req-id", context.request_id.encode())]

            async def answer() -> None:
                result = await self._conversion.entries(documents, options, context)
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
        return self._conversion.options(given)


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
