"""`GET /openapi.json`."""

from collections.abc import Iterable

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from fogbank.dialects.asgi import send_json
from fogbank.dialects.openapi.document import document
from fogbank.dialects.services import Services, route


def openapi_routes(services: Services) -> Iterable[Route]:
    """The document of this server: its own models."""
    models = [*services.runtime.catalog.cards]
    inputs = {name: schema.document for name, schema in services.schemas.items()}

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        await send_json(send, 200, document(models, inputs))

    yield route("/openapi.json", endpoint, "GET")
