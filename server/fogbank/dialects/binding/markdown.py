"""`POST /to-everything/markdown/transformer` and `GET .../supported` (contract 6.1).

The binding reads `errors[0].message` of a refusal, which therefore has REST's form.
"""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.datastructures import QueryParams
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fogbank import errors
from fogbank.dialects import intake
from fogbank.dialects.asgi import ClientGone, send_json, while_connected
from fogbank.dialects.binding.caller import binding_context
from fogbank.dialects.exchange import exchange
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.api import Body, api_routes
from fogbank.dialects.workers_ai.conversion import MAX_FILES, formats
from fogbank.dialects.workers_ai.forms.octets import base64_octets
from fogbank.dialects.workers_ai.run import envelope, send_error
from fogbank.dialects.workers_ai.validation import InputSchema, describe
from fogbank.documents.converter import Document
from fogbank.errors import AIError, RouteError

PATH = "/to-everything/markdown"
OPTIONS = "conversionOptions"
TEXT = {"type": "string"}
FILE = {
    "type": "object",
    "required": ["name", "mimeType", "data"],
    "properties": {"name": TEXT, "mimeType": TEXT, "data": TEXT},
}
REQUEST = InputSchema(
    {
        "type": "object",
        "required": ["files"],
        "properties": {"files": {"type": "array", "maxItems": MAX_FILES, "items": FILE}},
    }
)


def markdown_routes(services: Services) -> Iterable[Route]:
    """The two routes."""
    yield route(PATH + "/transformer", Transformer(services), "POST")
    yield from api_routes(services, PATH + "/supported", supported)


def supported(scope: Scope, query: QueryParams) -> Body:
    """Every extension that is read here, with its MIME type."""
    return envelope(formats())


class Transformer:
    """`{"files": [{name, mimeType, data}], "options"?: {"conversionOptions"?}}`, data in base64."""

    def __init__(self, services: Services) -> None:
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = binding_context(scope, self._services.settings)
        conversion = self._services.conversion

        async def work() -> None:
            with self._services.runtime.metrics.refusals():
                body = await intake.body(scope, receive, self._services.settings)
                documents, given = await intake.off_the_loop(len(body), lambda: _read(body))
                options = conversion.options(given)
            headers = [(b"cf-ai-req-id", context.request_id.encode())]

            async def answer() -> None:
                result = await conversion.entries(documents, options, context)
                await send_json(send, 200, envelope(result), headers)

            if not await while_connected(receive, answer()):
                raise ClientGone

        async def refuse(error: AIError | RouteError) -> None:
            await send_error(error, context, send)

        await exchange(context, scope["path"], work(), refuse, receive)


def _read(body: bytes) -> tuple[list[Document], Any]:
    """The files, and what was given as options. Raises AIError, RouteError where there is none."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise AIError(errors.INVALID_INPUT, detail="the body is not JSON") from None
    if found := REQUEST.validate(data):
        raise AIError(errors.BAD_INPUT, detail=describe(found))
    if not data["files"]:
        raise RouteError(400, (7001, "No files"))
    documents = [
        Document(file["name"], file["mimeType"], base64_octets(file["data"], f"files/{at}/data"))
        for at, file in enumerate(data["files"])
    ]
    options = data.get("options")
    return documents, (options.get(OPTIONS) or {}) if isinstance(options, dict) else {}
