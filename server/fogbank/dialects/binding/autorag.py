"""AutoRAG, of which there is none here: its list is empty, and every name is unknown."""

from collections.abc import Iterable

from starlette.datastructures import QueryParams
from starlette.routing import Route
from starlette.types import Scope

from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.api import ApiEndpoint, Body, api_routes
from fogbank.dialects.workers_ai.run import envelope
from fogbank.errors import RouteError

RAGS = "/autorag/rags"


def autorag_routes(services: Services) -> Iterable[Route]:
    """List and search (contract 6.1)."""
    unknown = ApiEndpoint(services, not_found)
    yield from api_routes(services, RAGS, none)
    yield route(RAGS + "/{name}/search", unknown, "POST")
    yield route(RAGS + "/{name}/ai-search", unknown, "POST")


def none(scope: Scope, query: QueryParams) -> Body:
    """The empty list."""
    return envelope([])


def not_found(scope: Scope, query: QueryParams) -> Body:
    """Raises the RouteError that the binding makes an AutoRAGNotFoundError of."""
    raise RouteError(404, (7002, "autorag_not_found"))
