"""What the binding asks about a gateway: its URL, its logs, a stream to resume (contract 6.1)."""

from collections.abc import Iterable
from urllib.parse import quote

from starlette.datastructures import QueryParams
from starlette.routing import Route
from starlette.types import Scope

from fogbank.dialects.ai_gateway.logs import LogsEndpoint
from fogbank.dialects.asgi import header
from fogbank.dialects.binding.caller import account_of
from fogbank.dialects.guard import BINDING_HOST, host_name
from fogbank.dialects.services import Services, route
from fogbank.dialects.workers_ai.api import Body, api_routes
from fogbank.dialects.workers_ai.run import envelope
from fogbank.errors import RouteError
from fogbank.settings import Settings, address
from fogbank.storage.gateway_logs import GatewayLogs

GATEWAYS = "/ai-gateway/gateways/{gateway}"
UNIVERSAL = "universal"


def gateway_routes(services: Services, logs: GatewayLogs) -> Iterable[Route]:
    """Below one gateway."""
    settings = services.settings

    def url(scope: Scope, query: QueryParams) -> Body:
        return envelope({"url": gateway_url(scope, settings)})

    yield from api_routes(services, GATEWAYS + "/url/{provider}", url)
    yield from api_routes(services, GATEWAYS + "/run/{run_id}/resume", no_run)
    endpoint = LogsEndpoint(services, logs, lambda scope: account_of(scope, settings))
    yield route(GATEWAYS + "/logs/{log_id}", endpoint.one, "GET", "PATCH")


def no_run(scope: Scope, query: QueryParams) -> Body:
    """No stream is kept here to be resumed, which its client takes for one that is over."""
    raise RouteError(404, (7002, f"Run not found: {scope['path_params']['run_id'][:200]}"))


def gateway_url(scope: Scope, settings: Settings) -> str:
    """Where the gateway answers this client for a provider, `universal` for all of them."""
    asked = scope["path_params"]
    provider = "" if asked["provider"] == UNIVERSAL else asked["provider"]
    places = (account_of(scope, settings), asked["gateway"], provider)
    return "/".join([_base(scope, settings), "v1", *(quote(place, safe="") for place in places)])


def _base(scope: Scope, settings: Settings) -> str:
    """As the client reached the server; the binding's own host name leads nowhere."""
    host = header(scope, b"host") or ""
    if host_name(f"//{host}") not in (None, BINDING_HOST):
        return f"{scope['scheme']}://{host}"
    name, port = scope.get("server") or (None, None)
    return address(name, port) if name and port else settings.server_url
