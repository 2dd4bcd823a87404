"""The routes of this dialect, at the bare paths of `https://workers-binding.ai` (contract 6.1).

`/ai-api/models/search` is one of the catalogue's; those that go through a gateway are a layer.
"""

from collections.abc import Iterable

from starlette.routing import Route

from fogbank.dialects.binding.autorag import autorag_routes
from fogbank.dialects.binding.markdown import markdown_routes
from fogbank.dialects.binding.run import BindingRun
from fogbank.dialects.services import Services, route


def binding_routes(services: Services) -> Iterable[Route]:
    """Those that need no gateway."""
    yield route("/run", BindingRun(services), "POST")
    yield from markdown_routes(services)
    yield from autorag_routes(services)
